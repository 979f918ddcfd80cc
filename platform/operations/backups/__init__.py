"""Backups: database, media, keys and anchor, encrypted, to a folder or a bucket, and restoring
them."""
