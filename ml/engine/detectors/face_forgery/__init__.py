"""Traces of a swapped or altered face, and where in it."""
