"""What teams do with the engine: each folder is a small Django app."""
