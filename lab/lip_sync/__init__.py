"""How the lip sync networks are trained and measured."""
