"""What programs of partners speak with: REST, idempotency and, later, webhooks."""
