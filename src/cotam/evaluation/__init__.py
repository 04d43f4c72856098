"""Measurements: rate and distortion against rivals, exactness, speed, robustness, comparisons."""
