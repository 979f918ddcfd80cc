"""A key that is a shortcut acts once and types nothing; a key in a field only types."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from media_analysis.review.models import (
    Case,
    Decision,
    DecisionText,
    PendingDecision,
    Policy,
    ReasonCode,
    RoutingRule,
)
from media_analysis.review.services import cases
from tests.browser.keystrokes import ALT, CTRL, META, Keyboard
from tests.browser.watched import Watched
from tests.pages.test_templates import TEMPLATES
from tests.people import Person, Send
from tests.review.test_services import opened

Open = Callable[..., Watched]
FIELDS = """() => Object.fromEntries(
  [...document.querySelectorAll("main input:not([type=hidden]), main textarea, main select")]
    .map(e => [e.id || e.name, e.type === "radio" || e.type === "checkbox" ? e.checked : e.value]))
"""


def case_page(case: Case) -> str:
    return reverse("review:case", args=[case.pk])


@pytest.fixture
def held(alice: Person, send: Send) -> Case:
    """Alice holds it, another one waits, and the team has policies that begin with each key."""
    for key in "123srctn":
        Policy.objects.create(team=alice.team, name=f"{key.upper()} policy")
    case = opened(alice, send, 1)
    opened(alice, send, 2)
    cases.claim(alice.actor, case.pk)
    return case


def at(open_page: Open, person: Person, address: str) -> tuple[Watched, Page, Keyboard]:
    watched = open_page(user=person.user)
    page = watched.goto(address)
    page.wait_for_load_state("networkidle")
    return watched, page, Keyboard(page)


def test_a_decision_that_lacks_something_gets_no_letter_of_its_shortcut(
    open_page: Open, alice: Person, held: Case
) -> None:
    """`s` moves the focus to what is missing: policy and reason stay empty, pressed or held."""
    _, page, keys = at(open_page, alice, case_page(held))
    keys.press("1")
    before = page.evaluate(FIELDS)
    keys.press("s")
    expect(page.get_by_label("Policy")).to_be_focused()
    assert page.evaluate(FIELDS) == before
    page.evaluate("document.activeElement.blur()")
    keys.hold("s")
    assert page.evaluate(FIELDS) == before
    page.get_by_label("Policy").select_option(index=1)
    page.evaluate("document.activeElement.blur()")
    keys.hold("s")
    expect(page.get_by_label("Reason", exact=True)).to_be_focused()
    expect(page.get_by_label("Reason", exact=True)).to_have_value("")
    assert not Decision.objects.exists()


@pytest.mark.parametrize("hold", [False, True])
@pytest.mark.parametrize("key", ["1", "2", "3", "s", "r"])
def test_a_shortcut_of_a_held_case_types_nothing(
    open_page: Open, alice: Person, held: Case, key: str, hold: bool
) -> None:
    """No field has its letter afterwards, on this page or on the next."""
    _, page, keys = at(open_page, alice, case_page(held))
    (keys.hold if hold else keys.press)(key)
    if key == "r":
        page.wait_for_url(f"**{reverse('review:queue')}")
    page.wait_for_load_state("networkidle")
    left = page.evaluate(FIELDS)
    assert not [name for name, value in left.items() if value in ("s", "r", "1", "2", "3")]
    assert not any(isinstance(v, str) and v.strip(key) != v for v in left.values() if v), left
    assert left.get("id_policy", "") == ""
    assert not Decision.objects.exists()


@pytest.mark.parametrize("hold", [False, True])
@pytest.mark.parametrize(("key", "address"), [("n", "queue"), ("c", "case")])
def test_taking_a_case_types_nothing_into_its_form(
    open_page: Open, alice: Person, send: Send, key: str, address: str, hold: bool
) -> None:
    """The form that appears is as empty as it was made, however long the key was held."""
    Policy.objects.create(team=alice.team, name=f"{key} policy")
    case = opened(alice, send)
    where = reverse("review:queue") if address == "queue" else case_page(case)
    _, page, keys = at(open_page, alice, where)
    keys.down(key)
    page.wait_for_url(f"**{case_page(case)}")
    expect(page.get_by_role("main")).to_contain_text("Assigned to you until")
    page.get_by_label("Reason", exact=True).focus()
    keys.char(key)  # what was still on its way when the page changed
    if hold:
        for _ in range(3):
            keys.down(key, repeat=True)
            keys.char(key, repeat=True)
    keys.up(key)
    expect(page.get_by_label("Reason", exact=True)).to_have_value("")
    expect(page.get_by_label("Policy")).to_have_value("")
    keys.press(key)
    expect(page.get_by_label("Reason", exact=True)).to_have_value(key)  # pressed anew, it types


def test_a_held_key_decides_one_case_and_touches_nothing_of_the_next(
    open_page: Open, alice: Person, held: Case
) -> None:
    """`s` held across the change of page: one decision, and an empty form after it."""
    _, page, keys = at(open_page, alice, case_page(held))
    keys.press("3")
    page.get_by_label("Policy").select_option(index=1)
    page.get_by_label("Reason", exact=True).fill("the seam")
    page.evaluate("document.activeElement.blur()")
    keys.down("s")
    page.wait_for_url(lambda url: case_page(held) not in url)
    page.wait_for_load_state("networkidle")
    for _ in range(6):
        keys.down("s", repeat=True)
        keys.char("s", repeat=True)
    keys.up("s")
    assert Decision.objects.count() == 1
    expect(page.get_by_label("Reason", exact=True)).to_have_value("")
    expect(page.get_by_label("Policy")).to_have_value("")


@pytest.mark.parametrize("modifiers", [CTRL, META, ALT])
@pytest.mark.parametrize("key", ["s", "r", "1"])
def test_a_modifier_makes_it_another_key(
    open_page: Open, alice: Person, held: Case, key: str, modifiers: int
) -> None:
    """Ctrl+S saves a page in the browser and decides nothing."""
    _, page, keys = at(open_page, alice, case_page(held))
    page.get_by_label("Unclear").check()
    page.get_by_label("Policy").select_option(index=1)
    page.get_by_label("Reason", exact=True).fill("the seam")
    page.evaluate("document.activeElement.blur()")
    keys.press(key, modifiers=modifiers)
    page.wait_for_timeout(200)
    held.refresh_from_db()
    assert held.state == "claimed" and not Decision.objects.exists()
    assert page.get_by_label("Manipulated").is_checked() is False


OTHER_PLACES = {
    "textarea": "<textarea id=place></textarea>",
    "search": "<input type=search id=place>",
    "select": "<select id=place><option>a<option>s<option>r</select>",
    "editable": "<div id=place contenteditable>x</div>",
    "plain editable": "<div contenteditable=plaintext-only><b id=place tabindex=0>x</b></div>",
    "textbox": "<div id=place role=textbox tabindex=0></div>",
}


@pytest.mark.parametrize("place", [*OTHER_PLACES, "open shadow", "closed shadow", "frame"])
def test_a_field_of_any_kind_keeps_its_letters(
    open_page: Open, alice: Person, held: Case, place: str
) -> None:
    """Whatever takes text has the key; nothing is decided or given back."""
    watched, page, keys = at(open_page, alice, case_page(held))
    page.get_by_label("Unclear").check()
    page.get_by_label("Policy").select_option(index=1)
    page.get_by_label("Reason", exact=True).fill("the seam")
    if place == "frame":
        watched.excuse("violates the following")
        page.evaluate(
            "() => { const f = document.createElement('iframe'); document.body.append(f);"
            " f.contentDocument.body.innerHTML = '<textarea></textarea>';"
            " f.focus(); f.contentDocument.querySelector('textarea').focus(); }"
        )
    elif "shadow" in place:
        page.evaluate(
            "mode => { const host = document.createElement('div'); document.body.append(host);"
            " const root = host.attachShadow({mode}); root.innerHTML = '<textarea></textarea>';"
            " root.firstChild.focus(); }",
            place.split()[0],
        )
    else:
        page.evaluate(
            "html => { const e = document.createElement('div'); document.body.append(e);"
            " e.innerHTML = html; document.getElementById('place').focus(); }",
            OTHER_PLACES[place],
        )
    for key in "sr13":
        keys.press(key)
    page.wait_for_timeout(200)
    held.refresh_from_db()
    assert held.state == "claimed" and not Decision.objects.exists()
    expect(page.get_by_label("Unclear")).to_be_checked()


def test_composed_text_is_no_shortcut(open_page: Open, alice: Person, held: Case) -> None:
    """An input method that composes with `s` types its text and decides nothing."""
    _, page, keys = at(open_page, alice, case_page(held))
    page.get_by_label("Unclear").check()
    page.get_by_label("Policy").select_option(index=1)
    reason = page.get_by_label("Reason", exact=True)
    reason.fill("x")
    page.evaluate("document.activeElement.blur()")
    keys.down_in_input_method("s")
    keys.up("s")
    page.wait_for_timeout(200)
    assert not Decision.objects.exists()
    reason.focus()
    keys.compose("さ")
    expect(reason).to_have_value("xさ")


@pytest.mark.parametrize("hold", [False, True])
def test_taking_a_known_decision_over_types_nothing(
    open_page: Open, alice: Person, send: Send, hold: bool
) -> None:
    """`t` makes one decision; the form that stands there afterwards has no letter of it."""
    first, second = opened(alice, send, 1), opened(alice, send, 1)
    held = cases.claim(alice.actor, first.pk)
    cases.decide(alice.actor, first.pk, held.fence, DecisionText("unclear", "blurred"))
    cases.claim(alice.actor, second.pk)
    _, page, keys = at(open_page, alice, case_page(second))
    (keys.hold if hold else keys.press)("t")
    expect(page.get_by_role("main")).to_contain_text("Decided as before")
    assert list(Decision.objects.values_list("reason", flat=True)) == ["blurred", "blurred"]
    expect(page.get_by_label("Reason for reopening")).to_have_value("")


def test_rows_of_the_queue_are_moved_over_and_chosen(
    open_page: Open, alice: Person, held: Case
) -> None:
    """`j`, `k` and `x` act on rows, and type in the filter's field when that has the focus."""
    _, page, keys = at(open_page, alice, reverse("review:queue"))
    for key in "jjk":
        keys.press(key)
    expect(page.locator("tr[data-here] a").first).to_be_focused()
    keys.press("x")
    expect(page.locator("tr[data-here] [name=case]")).to_be_checked()
    field = page.get_by_label("File name")
    field.focus()
    for key in "jkxn":
        keys.press(key)
    expect(field).to_have_value("jkxn")


def test_four_keys_lead_from_the_queue_to_a_decided_case(
    open_page: Open, alice: Person, send: Send
) -> None:
    """Take, outcome, reason code, submit: and `u` takes it back within the grace time."""
    policy = Policy.objects.create(team=alice.team, name="Elections")
    ReasonCode.objects.create(team=alice.team, name="Face swap", policy=policy)
    RoutingRule.objects.update_or_create(team=alice.team, defaults={"grace_seconds": 60})
    case = opened(alice, send)
    _, page, keys = at(open_page, alice, reverse("review:queue"))
    keys.press("n")
    page.wait_for_url(f"**{case_page(case)}")
    page.wait_for_load_state("networkidle")
    for key in "1a":
        keys.press(key)
    code = page.locator("label", has_text="Face swap").locator("kbd")
    assert code.evaluate("e => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"
    keys.press("s")
    page.wait_for_url(f"**{reverse('review:queue')}")
    pending = PendingDecision.objects.get()
    assert (pending.reason, pending.policy, pending.words["outcome"]) == (
        "Face swap", policy, "manipulated",
    )  # fmt: skip
    keys.press("u")
    page.wait_for_url(f"**{case_page(case)}")
    expect(page.get_by_label("Face swap")).to_be_checked()
    assert not PendingDecision.objects.exists() and not Decision.objects.exists()
    page.get_by_label("Reason (optional)", exact=True).fill("as seen")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**{reverse('review:queue')}")
    assert PendingDecision.objects.get().reason == "as seen"


def test_every_shortcut_is_on_a_page_that_is_tested_here() -> None:
    """A new `data-key` in a template fails here until this file or `test_own_keys` presses it."""
    found = set()
    for path in TEMPLATES:
        found |= set(re.findall(r'data-key="(?:\{\{ own_keys\.)?(\w+|\?)', path.read_text()))
    assert found == {
        "adopt", "choose", "claim", "decide", "down", "next", "release", "undo", "up", "?",
    }  # fmt: skip
