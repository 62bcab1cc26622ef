"""QR codes: what is drawn is the code, with its quiet zone, in the brand's ink."""

import re
import xml.etree.ElementTree as ET

import pytest
import segno

from media import qr
from media.errors import Reason, Refused

URL = "https://pluvier.example/p/VESTE-01?m=lyon"
SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: bytes) -> tuple[int, set[tuple[int, int]]]:
    """The side in modules and the (row, column) of every dark module, read from the path."""
    root = ET.fromstring(svg)
    side = int(root.attrib["viewBox"].split()[2])
    line = next(p for p in root.iter(f"{SVG}path") if "stroke" in p.attrib)
    dark, x, y = set(), 0.0, 0.0
    for kind, numbers in re.findall(r"([Mmh])([^Mmh]*)", line.attrib["d"]):
        values = [float(n) for n in re.findall(r"-?\d*\.?\d+", numbers)]
        if kind == "h":
            dark |= {(int(y), int(x) + step) for step in range(int(values[0]))}
            x += values[0]
        else:
            dx, dy = values
            x, y = (dx, dy) if kind == "M" else (x + dx, y + dy)
    return side, dark


def test_the_drawing_is_the_code_inside_four_empty_modules() -> None:
    side, dark = drawn(qr.svg(URL))
    code = segno.make_qr(URL, error="m", boost_error=False)
    assert side == len(code.matrix) + 8
    expected = {
        (row + 4, column + 4)
        for row, line in enumerate(code.matrix)
        for column, module in enumerate(line)
        if module
    }
    assert dark == expected


def test_the_error_correction_level_is_medium() -> None:
    _, dark = drawn(qr.svg(URL))
    level_bits = [(8 + 4, column + 4) in dark for column in (0, 1)]
    # Format information starts with the level, 00 for M, masked with 10 (ISO/IEC 18004, 7.9.1).
    assert level_bits == [True, False]


def test_colours_and_scaling() -> None:
    text = qr.svg(URL).decode().lower()
    assert 'stroke="#0c222a"' in text
    assert 'fill="#fff"' in text
    assert "width=" not in text.split(">")[1]


def test_the_same_address_gives_the_same_bytes() -> None:
    assert qr.svg(URL) == qr.svg(URL) != qr.svg(URL + "x")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://shop.example/",
        "shop.example/veste",
        "https://",
        "https:///path",
        "https://user:secret@shop.example/",
        "https://shop.example@evil.example/",
        "https://shop.example:port/",
        "https://[::1/",
        "https://shop.example/a b",
        "https://shop.example/été",
        "https://shop.example/\n",
        "",
    ],
)
def test_what_is_not_a_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        qr.svg(url)
    assert refused.value.reason is Reason.URL_NOT_WEB


def test_an_address_too_long_to_scan_is_refused() -> None:
    start = "https://shop.example/"
    longest = start + "a" * (qr.MAX_URL_CHARS - len(start))
    assert qr.svg(longest)
    with pytest.raises(Refused) as refused:
        qr.svg(longest + "a")
    assert refused.value.reason is Reason.URL_TOO_LONG
