"""Tools for operators: health, metrics, doctor and shell commands. It uses every other package, and
no other package imports it."""
