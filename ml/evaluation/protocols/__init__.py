"""Protocols: small files that name sets of media, so that others can repeat a measurement.

A protocol ships no media. It says where each set comes from, how its files lie, what their labels
are, and which genuine sets show the same content as which generated ones (docs/evaluation.md).
"""
