"""Compression history: what earlier and present encoding has left in a file."""
