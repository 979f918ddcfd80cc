"""Detects speech that a machine made or that passed through a vocoder."""
