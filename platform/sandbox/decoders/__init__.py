"""What runs inside the wall: bytes in, plain pixels and samples out."""
