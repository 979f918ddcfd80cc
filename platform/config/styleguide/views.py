"""The styleguide: every component of the pages, to view and to test."""

from __future__ import annotations

import re

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.styleguide import samples
from config.styleguide.forms import SampleForm


def components(request: HttpRequest) -> HttpResponse:
    """All components; a POST shows the form as it comes back with its errors."""
    form = SampleForm(request.POST or None)
    if request.method == "POST":
        form.is_valid()
    messages.success(request, "The decision was recorded. The next case is open.")
    return render(
        request,
        "styleguide.html",
        {
            "form": form,
            "dialog_form": SampleForm.reason_only(),
            "icons": _icon_names(),
            **samples.everything(),
        },
    )


def trouble(request: HttpRequest, code: str) -> HttpResponse:
    """The error pages as a person meets them."""
    known = ("400", "403", "404", "500", "403_csrf")
    return render(request, f"{code if code in known else '404'}.html")


def _icon_names() -> list[str]:
    sprite = settings.ROOT / "static" / "icons" / "icons.svg"
    return re.findall(r'<symbol id="([^"]+)"', sprite.read_text())
