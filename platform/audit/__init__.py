"""The audit record of who viewed, scored and decided what: append-only, hash-chained, signed and
verifiable."""
