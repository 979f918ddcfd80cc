"""Detectors from outside at work, each in a process of its own behind the sandbox's walls."""
