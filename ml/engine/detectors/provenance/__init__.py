"""Provenance: what a file says about its own origin. Claims, graded; never a plain tick."""
