"""Measures how well speech is told from music and noise."""
