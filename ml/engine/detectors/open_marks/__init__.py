"""Marks that open programs write into every picture that they generate."""
