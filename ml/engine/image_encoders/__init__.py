"""Image encoders that several checks share."""
