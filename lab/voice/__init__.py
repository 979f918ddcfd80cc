"""How the voice detector is made: speech in, pseudo-fakes, degradation, training, measurement."""
