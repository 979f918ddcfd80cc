"""Whether a face in a video holds together from frame to frame."""
