"""Traces that generators leave in whole pictures, whatever these show."""
