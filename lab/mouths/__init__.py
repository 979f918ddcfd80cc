"""Trains and measures the check of redrawn mouths and lower faces."""
