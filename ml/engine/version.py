"""The package's version, which is part of every result."""

VERSION = "0.2.0"
