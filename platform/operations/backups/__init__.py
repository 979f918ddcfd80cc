"""Backups: database, media, keys and anchor, encrypted, in a folder or a bucket; and back again."""
