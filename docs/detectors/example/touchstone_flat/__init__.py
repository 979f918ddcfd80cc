"""Measures how much of a picture is perfectly uniform."""
