"""How the temporal network is trained and measured."""
