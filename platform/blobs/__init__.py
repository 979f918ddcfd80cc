"""The stored media: each file once under its SHA-256, never changed."""
