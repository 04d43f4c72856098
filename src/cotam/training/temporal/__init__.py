"""Training of the networks of predicted frames, on latents of a frozen base model."""
