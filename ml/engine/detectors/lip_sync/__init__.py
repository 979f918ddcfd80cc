"""Whether the sound of a talking video belongs to the lips in it, and how far it is shifted."""
