"""Make small videos with ffmpeg for the tests of media."""

import subprocess
from pathlib import Path

TWO_SECONDS = ("-f", "lavfi", "-i", "testsrc=size=320x240:rate=50:duration=2")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
QUARTER_TURN = (0, 0x10000, 0, -0x10000, 0, 0, 240 << 16, 0, 0x40000000)
_MATRIX_AT = 44


def made(path: Path, *arguments: str) -> Path:
    """Run ffmpeg with these arguments to make ``path``."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *arguments, str(path)], check=True)
    return path


def turned_clockwise(source: Path, path: Path) -> Path:
    """A copy of an MP4 whose track header says: show me a quarter turn clockwise."""
    content = bytearray(source.read_bytes())
    at = content.index(b"tkhd") + _MATRIX_AT
    for place, value in enumerate(QUARTER_TURN):
        start = at + 4 * place
        content[start : start + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(content)
    return path


def box_order(content: bytes) -> list[str]:
    """The names of the top-level boxes of an MP4, in order."""
    names, at = [], 0
    while at < len(content):
        names.append(content[at + 4 : at + 8].decode())
        at += int.from_bytes(content[at : at + 4], "big")
    return names
