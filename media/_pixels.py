"""Turn any accepted picture into upright 8-bit sRGB pixels of the wanted size."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

from media._images import orientation

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIXTEEN_BIT_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def fitted(width: int, height: int, max_width: int, max_height: int) -> tuple[int, int]:
    """The size that fits the box with the same proportions, never larger than it was (pixels)."""
    if width <= max_width and height <= max_height:
        return width, height
    if width * max_height >= height * max_width:
        return max_width, max(1, round(height * max_width / width))
    return max(1, round(width * max_height / height)), max_height


def for_screen(frame: Image.Image, max_width: int, max_height: int) -> Image.Image:
    """Return a new picture, RGB or RGBA, upright, sRGB, fitted in the box, without metadata."""
    profile = frame.info.get("icc_profile")
    turn = _UPRIGHT.get(orientation(frame))
    image = _plain(frame)
    if turn is not None:
        image = image.transpose(turn)
    size = fitted(image.width, image.height, max_width, max_height)
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    image = _srgb(image, profile)
    image.info = {}
    return image


def _plain(image: Image.Image) -> Image.Image:
    """Give up palettes and deep samples: L, LA, RGB, RGBA or CMYK come out, always a copy."""
    if image.mode in _SIXTEEN_BIT_MODES:
        return image.point(lambda value: value / 256 + 0).convert("L")
    if image.mode == "1":
        image = image.convert("L")
    if image.has_transparency_data and image.mode not in ("LA", "RGBA"):
        return image.convert("RGBA")
    return image.convert("RGB") if image.mode in ("P", "PA", "YCbCr") else image.copy()


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    alpha = image.getchannel("A") if "A" in image.getbands() else None
    base = image.convert(image.mode.removesuffix("A")) if alpha else image
    converted = _by_profile(base, profile) if profile else None
    result = converted or base.convert("RGB")
    if alpha:
        result.putalpha(alpha)
    return result


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Convert from ``profile`` to sRGB; None when the profile is broken or of another space."""
    try:
        return ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return None
