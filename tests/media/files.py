"""Make the pictures that the tests of media feed to it, good and hostile."""

import io
import struct
import zlib
from pathlib import Path

from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
ORIENTATION, MAKE, GPS_IFD, GPS_LATITUDE = 0x0112, 0x010F, 0x8825, 2


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One PNG chunk with its length and CRC."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb_png(width: int, height: int) -> bytes:
    """A PNG of about 2 kB whose header announces ``width`` × ``height`` pixels."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1_500_000, 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", data)
        + png_chunk(b"IEND", b"")
    )


def gif_of(frames: int) -> bytes:
    """A GIF of ``frames`` single-pixel frames of 50 ms, written by hand to be quick."""
    palette = b"\x00\x00\x00\xff\xff\xff"
    frame = (
        b"\x21\xf9\x04\x00\x05\x00\x00\x00"
        b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00"
        b"\x02\x02\x44\x01\x00"
    )
    return b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + palette + frame * frames + b"\x3b"


def phone_photo(path: Path) -> Path:
    """A JPEG held sideways (orientation 6): left half red, right half blue; with GPS and maker."""
    image = Image.new("RGB", (80, 40), RED)
    image.paste(BLUE, (40, 0, 80, 40))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[MAKE] = "SecretPhone"
    exif.get_ifd(GPS_IFD)[GPS_LATITUDE] = (48.0, 51.0, 24.0)
    image.save(path, "JPEG", exif=exif, quality=95, comment=b"SecretComment")
    return path


def swapped_rgb_profile() -> bytes:
    """An sRGB profile in which the red and the green primaries have changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


def red_cmyk_profile() -> bytes:
    """An ICC v2 profile under which all looks red but black ink (ICC.1:2001-04, 6.1, 6.5.8)."""
    red, black = bytes((round(53.2 * 2.55), 128 + 80, 128 + 67)), bytes((0, 128, 128))
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(65536 if at in (0, 4, 8) else 0 for at in range(9)))
    lut = (
        b"mft1"
        + bytes(4)
        + bytes((4, 3, 2, 0))
        + identity
        + ramp * 4
        + (red + black) * 8
        + ramp * 3
    )
    d50 = struct.pack(">3i", 63190, 65536, 54061)
    white = b"XYZ " + bytes(4) + d50
    text = b"text" + bytes(4) + b"test\0"
    named = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags, body, at = b"", b"", 128 + 4 + 4 * 12
    for signature, data in ((b"desc", named), (b"cprt", text), (b"wtpt", white), (b"A2B0", lut)):
        padded = data + bytes(-len(data) % 4)
        tags += signature + struct.pack(">II", at + len(body), len(data))
        body += padded
    head = struct.pack(">I", at + len(body)) + bytes(4) + b"\x02\x10\0\0prtrCMYKLab " + bytes(12)
    head += b"acsp" + bytes(28) + d50
    return head.ljust(128, b"\0") + struct.pack(">I", 4) + tags + body


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The picture's bytes in the format ``kind``."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def near(pixel: object, wanted: tuple[int, ...], within: int = 12) -> bool:
    """Whether each channel is within ``within`` levels of the wanted one."""
    assert isinstance(pixel, tuple)
    pairs = zip(pixel, wanted, strict=True)
    return all(abs(got - want) <= within for got, want in pairs)
