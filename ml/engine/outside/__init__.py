"""Runs external detectors, each in a process of its own inside the sandbox's walls."""
