"""What a person may decide about a submission. The history shows it, so it stands here."""

from django.db import models


class DecisionOutcome(models.TextChoices):
    MANIPULATED = "manipulated", "Manipulated"
    GENUINE = "not_manipulated", "No manipulation seen"
    UNCLEAR = "unclear", "Cannot be told"
