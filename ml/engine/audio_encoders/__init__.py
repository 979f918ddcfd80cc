"""Audio encoders that several checks share: their input, and the networks."""
