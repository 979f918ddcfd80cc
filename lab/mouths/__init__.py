"""A check of mouths and lower faces that were drawn anew: fakes, training, measurement."""
