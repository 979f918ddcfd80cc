"""Code that several trainings share."""
