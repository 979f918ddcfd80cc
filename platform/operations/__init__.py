"""What an operator needs: health, metrics, doctor, and verbs for the shell. It looks at every other
room, and no other room imports it."""
