"""Measures how far classes can be distinguished without any trace of manipulation."""
