"""Make the demo's goods pictures: take Fluent Emoji icons, trim them to stand, write SVGs.

Run by hand when the set of goods changes, with Node's npm and a Chromium on PATH:

    python tools/goods_art.py

The pictures are Microsoft's Fluent Emoji (MIT), as packed in `@iconify-json/fluent-emoji`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from PIL import Image

PACKAGE = "@iconify-json/fluent-emoji@1.2.7"
TARGET = Path(__file__).resolve().parents[1] / "server" / "demo" / "art" / "goods"
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
ICON_UNITS = 32
"""Side of every icon's own view box, in SVG user units."""
CELL_PX = 512
"""Side at which an icon is drawn to find its edges: 16 px a unit."""
COLUMNS = 6
SOLID_ALPHA = 96
"""A pixel counts as part of the object from this alpha on (0-255): soft edges do not lift it."""
OUT_PX_PER_UNIT = 32
COMMAND_TIMEOUT_S = 180

ICONS = (
    "backpack", "coat", "umbrella", "hiking-boot", "luggage", "tent", "flashlight",
    "kick-scooter", "bicycle", "billed-cap", "gloves", "compass", "scarf", "socks",
    "womans-boot", "sunglasses", "goggles", "thong-sandal", "kite", "diving-mask", "watch",
    "telescope", "safety-vest", "shorts",
)  # fmt: skip

LEFT_OUT = {"tent": "M28.662 12.995"}
"""Shapes an object is shown without, by the start of their path (the tent's moon)."""

CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--force-device-scale-factor=1", "--default-background-color=00000000",
)  # fmt: skip

LICENCE = """\
The SVG files in this folder are made from Fluent Emoji by Microsoft, taken from the npm package
@iconify-json/fluent-emoji, by tools/goods_art.py: trimmed to their edges, ids renamed, and the
tent shown without its moon. Fluent Emoji is under the MIT License:

Copyright (c) Microsoft Corporation.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


@dataclass(frozen=True)
class Box:
    """A rectangle in SVG user units."""

    x: float
    y: float
    width: float
    height: float


def main() -> int:
    """Write every picture and the licence into the target folder; 0 when done."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=TARGET)
    options.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp)
        drawings = {name: prepare(name, body) for name, body in take_icons(folder).items()}
        boxes = find_boxes(drawings, folder, chosen.chromium)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, drawing in drawings.items():
        (chosen.out / f"{name}.svg").write_text(framed(drawing, boxes[name]), encoding="utf-8")
    (chosen.out / "LICENSE-fluent-emoji.txt").write_text(LICENCE, encoding="utf-8")
    print(f"{len(drawings)} pictures in {chosen.out}")
    return 0


def take_icons(folder: Path) -> dict[str, str]:
    """Fetch the icon package with npm; return each wanted icon's SVG body by name.

    Raises `subprocess.CalledProcessError` when npm fails and `KeyError` for an unknown icon.
    """
    subprocess.run(
        ["npm", "pack", "--silent", PACKAGE],
        cwd=folder, check=True, timeout=COMMAND_TIMEOUT_S, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    shutil.unpack_archive(next(folder.glob("*.tgz")), folder, "gztar", filter="data")
    icons = json.loads((folder / "package" / "icons.json").read_bytes())["icons"]
    return {name: icons[name]["body"] for name in ICONS}


def prepare(name: str, body: str) -> ET.Element:
    """Parse an icon's body, drop what is left out, and give its ids a prefix of their own."""
    root = ET.fromstring(f'<svg xmlns="{SVG}" xmlns:xlink="{XLINK}">{body}</svg>')
    if name in LEFT_OUT:
        drop_shapes(root, LEFT_OUT[name])
        drop_unused(root)
    rename_ids(root, name)
    return root


def drop_shapes(root: ET.Element, path_start: str) -> None:
    """Remove the paths that begin with `path_start` and the groups they leave empty."""
    for parent in root.iter():
        for child in list(parent):
            if child.get("d", "").startswith(path_start):
                parent.remove(child)
    for parent in root.iter():
        for child in list(parent):
            if child.tag == f"{{{SVG}}}g" and len(child) == 0:
                parent.remove(child)


def references(root: ET.Element) -> Iterator[tuple[ET.Element, str, str]]:
    """Yield each (element, attribute, id it points to)."""
    for element in root.iter():
        for attribute, value in element.attrib.items():
            for target in re.findall(r"url\(#([^)]+)\)", value):
                yield element, attribute, target
            if attribute.endswith("href") and value.startswith("#"):
                yield element, attribute, value[1:]


def drop_unused(root: ET.Element) -> None:
    """Remove definitions that nothing points to."""
    used = {target for _, _, target in references(root)}
    for parent in root.iter(f"{{{SVG}}}defs"):
        for child in list(parent):
            if child.get("id") not in used:
                parent.remove(child)


def rename_ids(root: ET.Element, prefix: str) -> None:
    """Give every id the form `prefix-n`, so that pictures may share one document."""
    owners = [element for element in root.iter() if element.get("id")]
    names = {element.attrib["id"]: f"{prefix}-{n}" for n, element in enumerate(owners)}
    for element, attribute, target in list(references(root)):
        value = element.attrib[attribute]
        element.set(attribute, value.replace(f"#{target}", f"#{names[target]}"))
    for element in owners:
        element.set("id", names[element.attrib["id"]])


def find_boxes(drawings: Mapping[str, ET.Element], folder: Path, chromium: str) -> dict[str, Box]:
    """Draw all icons on one transparent sheet and return where each one's solid pixels lie."""
    rows = -(-len(drawings) // COLUMNS)
    page, sheet = folder / "sheet.html", folder / "sheet.png"
    page.write_text(sheet_html(drawings), encoding="utf-8")
    size = f"--window-size={COLUMNS * CELL_PX},{rows * CELL_PX}"
    subprocess.run(
        [chromium, *CHROMIUM_FLAGS, f"--user-data-dir={folder / 'profile'}", size,
         f"--screenshot={sheet}", page.as_uri()],
        check=True, timeout=COMMAND_TIMEOUT_S, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with Image.open(sheet) as image:
        alpha = image.convert("RGBA").getchannel("A").point([0] * SOLID_ALPHA + [255] * 160)
    return {name: cell_box(alpha, n, name) for n, name in enumerate(drawings)}


def sheet_html(drawings: Mapping[str, ET.Element]) -> str:
    """One page with every icon in its own square cell, row by row."""
    cells = "".join(
        f'<svg style="position:absolute;left:{n % COLUMNS * CELL_PX}px;'
        f'top:{n // COLUMNS * CELL_PX}px" width="{CELL_PX}" height="{CELL_PX}" '
        f'viewBox="0 0 {ICON_UNITS} {ICON_UNITS}">{inner(drawing)}</svg>'
        for n, drawing in enumerate(drawings.values())
    )
    return f'<!doctype html><meta charset="utf-8"><style>body{{margin:0}}</style>{cells}'


def cell_box(alpha: Image.Image, n: int, name: str) -> Box:
    """Return the box of cell `n` in user units; `ValueError` when the cell is empty."""
    left, top = n % COLUMNS * CELL_PX, n // COLUMNS * CELL_PX
    found = alpha.crop((left, top, left + CELL_PX, top + CELL_PX)).getbbox()
    if found is None:
        raise ValueError(f"icon {name} drew nothing: was the package's format changed?")
    unit = ICON_UNITS / CELL_PX
    x0, y0, x1, y1 = (edge * unit for edge in found)
    return Box(x0, y0, x1 - x0, y1 - y0)


def inner(drawing: ET.Element) -> str:
    """The drawing's markup without its outer element."""
    text = ET.tostring(drawing, encoding="unicode")
    return text[text.index(">") + 1 : text.rindex("</")]


def framed(drawing: ET.Element, box: Box) -> str:
    """A whole SVG file whose view box is the object's own edges, so that it stands on its base."""
    width, height = round(box.width * OUT_PX_PER_UNIT), round(box.height * OUT_PX_PER_UNIT)
    link = f' xmlns:xlink="{XLINK}"' if "xlink:" in inner(drawing) else ""
    view = f"{box.x:g} {box.y:g} {box.width:g} {box.height:g}"
    return (
        f'<svg xmlns="{SVG}"{link} width="{width}" height="{height}" viewBox="{view}">'
        f"{inner(drawing)}</svg>\n"
    )


if __name__ == "__main__":
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    sys.exit(main())
