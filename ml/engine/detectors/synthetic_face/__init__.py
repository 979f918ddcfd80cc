"""Resemblance to faces that generators make as a whole."""
