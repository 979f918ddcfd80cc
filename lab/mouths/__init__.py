"""The check of redrawn mouths and lower faces: fakes, training, measurement."""
