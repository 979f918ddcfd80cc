"""The engine, its evaluation, and the store of its results. It knows no submission and no team."""
