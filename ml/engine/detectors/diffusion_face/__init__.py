"""Resemblance of faces in stills to those that diffusion models make."""
