"""Detects wholly generated faces."""
