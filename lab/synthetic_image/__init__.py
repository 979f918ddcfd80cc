"""Trains and measures the check `synthetic_image`."""
