"""Pictures: any file a person has, or a sample, becomes float32 (H, W, C) in [0, 1]; how far a painting is from it."""

from sfumato.images.color import linear_to_srgb, srgb_to_linear
from sfumato.images.digest import sha256
from sfumato.images.exact_values import exact
from sfumato.images.given import PictureSource, asked
from sfumato.images.loader import load
from sfumato.images.pixel_errors import mae, mse, psnr
from sfumato.images.samples import SAMPLES
from sfumato.images.shown import shown
from sfumato.images.structural_similarity import Similarity, ssim
from sfumato.images.uint8 import as_image, to_uint8

__all__ = [
    "SAMPLES",
    "PictureSource",
    "Similarity",
    "as_image",
    "asked",
    "exact",
    "linear_to_srgb",
    "load",
    "mae",
    "mse",
    "psnr",
    "sha256",
    "shown",
    "srgb_to_linear",
    "ssim",
    "to_uint8",
]
