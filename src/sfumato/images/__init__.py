"""Pictures as float32 (H, W, C) in [0, 1], loaded from files, samples, or memory; errors of paintings."""

from sfumato.images.array import PictureSource, picture_settings
from sfumato.images.flip import flip, flip_rows
from sfumato.images.loader import load
from sfumato.images.metrics import Similarity, mae, mse, psnr, ssim
from sfumato.images.ms_ssim import ms_ssim
from sfumato.images.samples import SAMPLES
from sfumato.images.values import as_image, exact, linear_to_srgb, sha256, srgb_to_linear, to_srgb, to_uint8

__all__ = [
    "SAMPLES",
    "PictureSource",
    "Similarity",
    "as_image",
    "exact",
    "flip",
    "flip_rows",
    "linear_to_srgb",
    "load",
    "mae",
    "ms_ssim",
    "mse",
    "picture_settings",
    "psnr",
    "sha256",
    "srgb_to_linear",
    "ssim",
    "to_srgb",
    "to_uint8",
]
