"""The record of who saw, scored and decided what: append-only, hash-chained, sealed, verifiable."""
