"""The ear that several checks hear with: what it is given, and the network that listens."""
