"""Measures how well speech is distinguished from music and noise."""
