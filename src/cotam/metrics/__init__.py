"""How far a decoded picture is from the original, and how far one rate-quality curve is from another."""

from cotam.metrics.bd_accuracy import BDInterval, bd_accuracy, bd_interval
from cotam.metrics.bd_rate import BDRate, bd_rate
from cotam.metrics.ms_ssim import ms_ssim
from cotam.metrics.psnr import psnr

__all__ = ["BDInterval", "BDRate", "bd_accuracy", "bd_interval", "bd_rate", "ms_ssim", "psnr"]
