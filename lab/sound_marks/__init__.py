"""Measures the check `sound_marks`: marks genuine speech, degrades both, and reads the mark."""
