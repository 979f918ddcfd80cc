"""What a person may decide about a submission. The history shows it, so it stands here."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DecisionOutcome(models.TextChoices):
    MANIPULATED = "manipulated", _("Manipulated")
    GENUINE = "not_manipulated", _("No manipulation seen")
    UNCLEAR = "unclear", _("Unclear")
