"""A report is what was signed, byte for byte, or it is refused."""

from __future__ import annotations

import json
import random

import pytest
import rfc8785

from audit.notes import SigningKey
from media_analysis.reports import verifying

REPORT = "6f1c2d3e-0000-4000-8000-123456789abc"
KEY = SigningKey.make("touchstone-reports-test")
BODY = rfc8785.dumps({"report": {"id": REPORT, "version": 1}, "limits": ["grün"], "score": 0.25})
FILES = {
    verifying.BODY: BODY,
    verifying.PDF: b"%PDF-1.7\n" + bytes(range(256)) * 4 + b"\n%%EOF\n",
    verifying.STATEMENT: rfc8785.dumps({"statement": {"puid": REPORT}}),
    verifying.PUBLIC: "Eine Person hat über ein Bild entschieden.\n".encode(),
}
NOTE = verifying.sign(REPORT, FILES, KEY).encode()
ALL = [*FILES.values(), NOTE]


def test_a_report_is_known_by_whatever_of_its_files_is_given() -> None:
    """All of them in any order, or one with the signature; what was not given is named."""
    checked = verifying.verify(ALL[::-1], [KEY.public])
    assert (checked.report, checked.missing) == (REPORT, ())
    assert set(checked.files) == set(FILES)
    one = verifying.verify([NOTE, FILES[verifying.PDF]], [KEY.public])
    assert one.files == (verifying.PDF,) and set(one.missing) == {
        verifying.BODY, verifying.STATEMENT, verifying.PUBLIC,
    }  # fmt: skip


def test_a_report_with_any_byte_changed_is_refused() -> None:
    """200 of 200: one byte of one of the four files, anywhere, made another, left out or put in."""
    chance = random.Random(6)
    refused = 0
    for _ in range(200):
        files = [bytearray(one) for one in ALL]
        one = chance.choice(files)
        place, how = chance.randrange(len(one)), chance.randrange(3)
        if how == 0:
            one[place] ^= 1 << chance.randrange(8)
        elif how == 1:
            del one[place]
        else:
            one.insert(place, one[place] ^ 0x20)
        try:
            verifying.verify([bytes(one) for one in files], [KEY.public])
        except verifying.Refused:
            refused += 1
    print(f"{refused} of 200 changed reports are refused")
    assert refused == 200


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "exactly one signature"),
        ([NOTE], "Give the files"),
        ([NOTE, NOTE, BODY], "exactly one signature"),
        ([BODY], "exactly one signature"),
        ([NOTE, BODY + b" "], "not as it was signed"),
        ([NOTE + b"\n", BODY], "not signed by a key"),
        ([NOTE.replace(b"\n\n", b"\n", 1), BODY], "no signature"),
        ([b"touchstone-report-v1\n\xff\n\n", BODY], "not text"),
    ],
)
def test_what_is_no_report_is_told_in_a_sentence(given: list[bytes], why: str) -> None:
    with pytest.raises(verifying.Refused, match=why):
        verifying.verify(given, [KEY.public])


def test_a_stranger_who_signs_anew_is_refused() -> None:
    """Another key, also under the same name, is not trusted; and no key at all trusts nothing."""
    forged = SigningKey.make(KEY.name)
    body = rfc8785.dumps({**json.loads(BODY), "score": 0.99})
    files = {**FILES, verifying.BODY: body}
    note = verifying.sign(REPORT, files, forged).encode()
    for trusted in ([KEY.public], []):
        with pytest.raises(verifying.Refused):
            verifying.verify([note, body], trusted)
    assert verifying.verify([note, body], [forged.public]).report == REPORT
