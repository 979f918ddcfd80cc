"""A form with every kind of field that the product uses."""

from __future__ import annotations

from django import forms


class SampleForm(forms.Form):
    name = forms.CharField(
        max_length=20, help_text="As your team-mates see it. At most 20 characters."
    )
    contact = forms.EmailField(label="Email address")
    policy = forms.ChoiceField(
        choices=[("", "Choose a policy"), ("elections", "Elections"), ("fraud", "Fraud")]
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text="Other moderators of this team read it; the submitter does not.",
    )
    outcome = forms.ChoiceField(
        widget=forms.RadioSelect,
        choices=[("manipulated", "Manipulated"), ("genuine", "Genuine"), ("unclear", "Unclear")],
    )
    kinds = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        required=False,
        choices=[("image", "Pictures"), ("video", "Video"), ("audio", "Sound")],
    )
    agreed = forms.BooleanField(label="I looked at the media itself, not only at the scores")

    def clean(self) -> None:
        super().clean()
        if self.errors:
            raise forms.ValidationError(
                "Nothing was saved yet: some fields below still need your attention."
            )

    @classmethod
    def reason_only(cls) -> forms.Form:
        form = cls(prefix="dialog")
        for name in set(form.fields) - {"reason"}:
            del form.fields[name]
        return form
