"""Traces of redrawn mouths and lower faces."""
