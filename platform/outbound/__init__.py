"""Requests to addresses that somebody else provides: never into this network, and never without a
time limit."""
