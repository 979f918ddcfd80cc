"""Trains the checks that look at faces."""
