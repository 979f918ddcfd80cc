"""The package's version, as it stands in every result."""

VERSION = "0.2.0"
