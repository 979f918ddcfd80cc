"""Detects faces in videos that are unstable from frame to frame."""
