"""What programs of partners speak with: REST and idempotency."""
