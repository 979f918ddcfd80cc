"""Sets and measures the conditions for clearing a file, on kinds of fakes that the checks were not
trained on."""
