"""Validation of the float model: estimated rate and PSNR over a folder at fixed qualities."""

from pathlib import Path
from typing import Any

import torch

from cotam.images import find_images, load_image
from cotam.models.cotam_s import CotamS, pad_to_stride
from cotam.ops.quality_scale import quality_to_step
from cotam.training.rate_distortion import psnr_of

QUALITIES = (10, 30, 50, 70, 90)
PICTURES = 16
VALIDATION_STRIDE = 64


@torch.no_grad()
def validate(model: CotamS, folder: Path, device: torch.device) -> list[dict[str, Any]]:
    """Mean ideal bits per pixel and PSNR in dB at each of `QUALITIES`, over a folder's first `PICTURES`."""
    pictures = [load_image(path).pixels for path in find_images(folder)[:PICTURES]]
    rows = []
    for quality in QUALITIES:
        bits, scores = [], []
        for pixels in pictures:
            x = torch.from_numpy(pixels.copy()).to(device).permute(2, 0, 1)[None].float() / 255 - 0.5
            padded = pad_to_stride(x, VALIDATION_STRIDE)
            cells = (1, padded.shape[-2] // model.stride, padded.shape[-1] // model.stride)
            base = torch.full((1,), quality_to_step(quality), device=device)
            out = model(padded, base.view(1, 1, 1).expand(cells), base, rounded=True)
            total = out.latent_bits.sum() + out.hyper_bits.sum()
            bits.append(float(total) / (x.shape[-2] * x.shape[-1]))
            x_hat = out.x_hat[..., : x.shape[-2], : x.shape[-1]].clamp(-0.5, 0.5)
            scores.append(float(psnr_of((x_hat - x).square().mean())))
        rows.append({"quality": quality, "bpp": sum(bits) / len(bits), "psnr": sum(scores) / len(scores)})
    return rows
