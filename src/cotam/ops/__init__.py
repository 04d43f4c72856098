"""Differentiable and exact operations that the networks are made of (torch only; no model knowledge)."""
