"""Watermarks that open programs write into all the speech that they generate."""
