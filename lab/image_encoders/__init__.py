"""The image encoder in PyTorch, for training."""
