"""Pictures in and out: what Pillow reads becomes RGB pixels, results are written whole or not at all."""

from cotam.images.arrays import MAX_PIXELS
from cotam.images.finding import find_images
from cotam.images.loading import ImageSource, LoadedImage, load_image
from cotam.images.writing import remove_leftovers, save_image_atomically, to_pil, write_atomically

__all__ = [
    "MAX_PIXELS",
    "ImageSource",
    "LoadedImage",
    "find_images",
    "load_image",
    "remove_leftovers",
    "save_image_atomically",
    "to_pil",
    "write_atomically",
]
