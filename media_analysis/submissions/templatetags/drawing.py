"""Numbers as places in a drawing. A drawing in shares of its box needs no scaling, so that its
hatching keeps its angle."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def share(value: float, whole: float) -> str:
    """`12.5%`: how much `value` is of `whole`."""
    return f"{100 * float(value) / float(whole or 1):.3f}%"


@register.filter
def from_top(value: float) -> str:
    """The top of a bar that starts at the bottom and is `value` high, of 1."""
    return f"{100 * (1 - float(value)):.2f}%"


@register.filter
def high(value: float) -> str:
    return f"{100 * float(value):.2f}%"
