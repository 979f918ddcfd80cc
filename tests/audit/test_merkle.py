"""The tree against the published vectors, and against the definition in RFC 6962 itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import EMPTY_ROOT, Tree, leaf_hash, node_hash

# The leaves and roots with which Certificate Transparency's own implementations are tested.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(9))
def test_published_vectors(size: int) -> None:
    """Every tree of 0 to 8 leaves has its published root."""
    tree = Tree()
    for leaf in LEAVES[:size]:
        tree.append(leaf)
    assert tree.root().hex() == ROOTS[size]


def by_definition(leaves: list[bytes]) -> bytes:
    if len(leaves) <= 1:
        return leaf_hash(leaves[0]) if leaves else EMPTY_ROOT
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


@given(leaves=st.lists(st.binary(max_size=8), max_size=70), pause=st.integers(0, 70))
def test_growing_in_steps_gives_the_tree_of_the_definition(leaves: list[bytes], pause: int) -> None:
    """Stored after any number of leaves and taken up again, it ends at the same root."""
    tree = Tree()
    for leaf in leaves[:pause]:
        tree.append(leaf)
    tree = Tree.unpacked(tree.size, tree.packed())
    for leaf in leaves[pause:]:
        tree.append(leaf)
    assert tree.root() == by_definition(leaves)


@pytest.mark.parametrize(("size", "peaks"), [(1, 0), (3, 1), (4, 2), (-1, 1)])
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, peaks: int) -> None:
    """A size and the number of its peaks belong together."""
    with pytest.raises(ValueError, match="peaks"):
        Tree(size, [bytes(32)] * peaks)
