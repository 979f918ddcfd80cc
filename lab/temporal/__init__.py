"""Trains and measures the temporal network."""
