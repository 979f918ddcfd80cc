"""The decoders that run inside the sandbox: bytes in, plain pixels and samples out."""
