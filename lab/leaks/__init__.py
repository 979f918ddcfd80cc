"""Tells whether classes can be told apart without any trace of manipulation."""
