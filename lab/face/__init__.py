"""Trains the face checks."""
