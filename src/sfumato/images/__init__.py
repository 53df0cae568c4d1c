"""Pictures as float32 (H, W, C) in [0, 1], loaded from files, samples, or memory; errors of paintings."""

from sfumato.images.color import linear_to_srgb, srgb_to_linear
from sfumato.images.digest import sha256
from sfumato.images.exact_values import exact
from sfumato.images.given import PictureSource, picture_settings
from sfumato.images.loader import load
from sfumato.images.pixel_errors import mae, mse, psnr
from sfumato.images.samples import SAMPLES
from sfumato.images.shown import to_srgb
from sfumato.images.structural_similarity import Similarity, ssim
from sfumato.images.uint8 import as_image, to_uint8

__all__ = [
    "SAMPLES",
    "PictureSource",
    "Similarity",
    "as_image",
    "exact",
    "linear_to_srgb",
    "load",
    "mae",
    "mse",
    "picture_settings",
    "psnr",
    "sha256",
    "srgb_to_linear",
    "ssim",
    "to_srgb",
    "to_uint8",
]
