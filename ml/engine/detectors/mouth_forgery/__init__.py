"""Traces of mouths and lower faces that were drawn anew."""
