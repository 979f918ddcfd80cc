"""Detects traces of earlier encoding in a file: its compression history."""
