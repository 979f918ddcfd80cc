"""The bytes, stored once under their SHA-256 and never altered."""
