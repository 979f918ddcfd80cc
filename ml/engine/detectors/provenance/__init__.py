"""Reads what a file claims about its own origin, and grades how much each claim is worth."""
