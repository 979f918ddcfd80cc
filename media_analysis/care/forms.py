"""How a person wants to see and hear media, and what a team chooses for its people."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from media_analysis.care import keys
from media_analysis.care.models import LONGEST_WORK, MOST_ITEMS, Kind
from media_analysis.care.services.breaks import Limits
from media_analysis.care.services.veils import OF_KIND, PARTS

PART_LABELS = {
    "blur": _("Blur"),
    "grey": _("Greyscale"),
    "small": _("Small preview"),
    "mute": _("Mute"),
}
AS_TEAM, ON, OFF = "", "on", "off"


class VeilForm(forms.Form):
    """A field for each kind and part, shown as a table: `rows`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, parts in OF_KIND.items():
            for part in parts:
                name = f"{kind}_{part}"
                self.fields[name] = self.field(kind, part)
                label = f"{Kind(kind).label}: {PART_LABELS[part]}"
                self.fields[name].widget.attrs["aria-label"] = label

    def field(self, kind: str, part: str) -> forms.Field:
        raise NotImplementedError

    @property
    def heads(self) -> list[Any]:
        return [PART_LABELS[part] for part in PARTS]

    @property
    def rows(self) -> list[tuple[Any, list[tuple[Any, Any]]]]:
        return [
            (
                Kind(kind).label,
                [
                    (PART_LABELS[part], self[f"{kind}_{part}"] if part in parts else None)
                    for part in PARTS
                ],
            )
            for kind, parts in OF_KIND.items()
        ]

    def limits(self) -> Limits:
        return Limits(self.cleaned_data["break_minutes"], self.cleaned_data["break_items"])


def _initial(limits: Limits) -> dict[str, int | None]:
    return {"break_minutes": limits.minutes, "break_items": limits.items}


def _minutes(**kwargs: Any) -> forms.IntegerField:
    label = _("Minutes of review before a break is recommended")
    return forms.IntegerField(min_value=0, max_value=LONGEST_WORK, label=label, **kwargs)


def _items(**kwargs: Any) -> forms.IntegerField:
    label = _("Items viewed before a break is recommended")
    return forms.IntegerField(min_value=0, max_value=MOST_ITEMS, label=label, **kwargs)


class OwnForm(VeilForm):
    break_minutes = _minutes(required=False, help_text=_("Empty: the team's value. 0: never."))
    break_items = _items(required=False, help_text=_("Empty: the team's value. 0: never."))

    def __init__(
        self, chosen: dict[str, dict[str, bool | None]], limits: Limits, *args: Any
    ) -> None:
        options = {True: ON, False: OFF, None: AS_TEAM}
        initial = {
            f"{kind}_{part}": options[answer]
            for kind, parts in chosen.items()
            for part, answer in parts.items()
        }
        super().__init__(*args, initial={**initial, **_initial(limits)})

    def field(self, kind: str, part: str) -> forms.Field:
        choices = [(AS_TEAM, _("Team's setting")), (ON, _("On")), (OFF, _("Off"))]
        return forms.ChoiceField(choices=choices, required=False)

    def choice(self) -> dict[str, dict[str, bool | None]]:
        values = {ON: True, OFF: False, AS_TEAM: None}
        return {
            kind: {part: values[self.cleaned_data[f"{kind}_{part}"]] for part in parts}
            for kind, parts in OF_KIND.items()
        }


class TeamForm(VeilForm):
    break_minutes = _minutes(
        help_text=_("People can dismiss the reminder. It comes back after the same time. 0: never.")
    )
    break_items = _items(
        help_text=_(
            "People can dismiss the reminder. It comes back after the same number of "
            "items. 0: never."
        )
    )

    def __init__(self, now: dict[str, dict[str, bool]], limits: Limits, *args: Any) -> None:
        initial = {
            f"{kind}_{part}": answer
            for kind, parts in now.items()
            for part, answer in parts.items()
        }
        super().__init__(*args, initial={**initial, **_initial(limits)})

    def field(self, kind: str, part: str) -> forms.Field:
        return forms.BooleanField(required=False)

    def choice(self) -> dict[str, dict[str, bool | None]]:
        return {
            kind: {part: self.cleaned_data[f"{kind}_{part}"] for part in parts}
            for kind, parts in OF_KIND.items()
        }


class KeysForm(forms.Form):
    """One field for each action."""

    PROBLEMS: ClassVar = {
        "taken": _("Two actions have this key. Choose another one for one of them."),
        "of_case": _("This key belongs to an outcome or to the player. Choose another one."),
        "of_sheet": _("This key shows the list of keys. Choose another one."),
    }

    def __init__(self, now: dict[str, str], sent: Any = None) -> None:
        super().__init__(sent, initial=now)
        for action in keys.ACTIONS:
            field = forms.CharField(label=action.label, min_length=1, max_length=1)
            field.widget.attrs |= {"autocomplete": "off", "autocapitalize": "none", "size": 2}
            self.fields[action.name] = field

    def clean(self) -> dict[str, str]:
        wanted = {name: str(key).lower() for name, key in self.cleaned_data.items()}
        if wanted.keys() == keys.USUAL.keys():
            for name, why in keys.problems(wanted).items():
                self.add_error(name, self.PROBLEMS[why])
        return wanted
