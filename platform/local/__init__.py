"""What `make up` and `make test` need on one machine: an embedded PostgreSQL and a supervisor."""
