"""Whether the speech in a file was made by a machine, or passed through a vocoder."""
