"""Training of latent adapters and transform-necks: vision tower and codec only, never the language model."""
