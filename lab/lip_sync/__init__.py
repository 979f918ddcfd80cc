"""Trains and measures the lip sync networks."""
