"""Measurements of the codec: rate and distortion against rivals, exactness, speed, robustness."""
