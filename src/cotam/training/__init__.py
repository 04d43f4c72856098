"""Training: data, losses and loops. Nothing here is needed to encode or decode."""
