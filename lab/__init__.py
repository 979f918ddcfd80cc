"""The training room: trains what `ml` serves. Needs PyTorch (lab/README.md); the product does not."""
