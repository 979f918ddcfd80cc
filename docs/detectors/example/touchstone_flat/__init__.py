"""How much of a picture is perfectly even."""
