"""The detection engine and its results store. Knows no submission and no team."""
