"""Requests to addresses that somebody else names: never into this network, never without an end."""
