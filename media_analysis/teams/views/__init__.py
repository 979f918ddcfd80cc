"""Pages that run a team. They translate; the verbs are in `accounts.services` and `review`."""
