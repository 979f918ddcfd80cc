"""Trains the voice detector: speech, pseudo-fakes, degradation, training, measurement."""
