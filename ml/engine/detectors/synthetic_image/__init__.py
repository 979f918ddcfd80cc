"""Detects traces of generators in whole pictures, whatever these show."""
