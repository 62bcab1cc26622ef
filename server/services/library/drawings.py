"""Keeps vector drawings that are our own: marks, skylines, QR codes, a chain's artwork; checked,
never probed.

Uploads are never vectors (media.probe refuses them). A drawing comes from the installation itself
and is still read as a stranger's: an allow-list of SVG's drawing elements, no script, no style
sheet, no reference outside.
"""

from __future__ import annotations

import re

from defusedxml import ElementTree

from server.db.models import AssetRow
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context

MAX_BYTES = 256 * 1024
MIME = "image/svg+xml"
KIND = "drawing"

_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(
    [
        "svg",
        "g",
        "path",
        "circle",
        "ellipse",
        "rect",
        "line",
        "polyline",
        "polygon",
        "defs",
        "use",
        "symbol",
        "title",
        "desc",
        "linearGradient",
        "radialGradient",
        "stop",
        "clipPath",
        "mask",
        "filter",
        "feBlend",
        "feColorMatrix",
        "feComposite",
        "feFlood",
        "feGaussianBlur",
        "feMerge",
        "feMergeNode",
        "feMorphology",
        "feOffset",
    ]
)
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#)|^\s*(https?:|data:|javascript:|//)", re.IGNORECASE)


def keep_drawing(ctx: Context, actor: Actor, name: str, data: bytes) -> str:
    """Store an SVG drawing as an asset and return its sha256. Keeping it twice changes nothing.

    Raises BadInput where it is too large, not SVG, or holds anything but drawing.
    """
    actor.require("content")
    width, height = check_drawing(data)
    stored = ctx.media.put_stream([data], MAX_BYTES)
    with ctx.db.write() as session:
        if session.get(AssetRow, stored.sha256) is None:
            session.add(
                AssetRow(
                    sha=stored.sha256,
                    name=name,
                    kind=KIND,
                    mime=MIME,
                    bytes=stored.size,
                    width=width,
                    height=height,
                    created_at=ctx.clock(),
                    created_by=actor.id,
                )
            )
    sha: str = stored.sha256
    return sha


def check_drawing(data: bytes) -> tuple[int, int]:
    """The drawing's width and height in its own units. Raises BadInput, see keep_drawing."""
    if len(data) > MAX_BYTES:
        raise BadInput(f"A drawing has at most {MAX_BYTES // 1024} KiB.")
    try:
        root = ElementTree.fromstring(data)
    except Exception as error:
        raise BadInput("This is not a readable SVG drawing.") from error
    if root.tag != f"{_SVG}svg":
        raise BadInput("This is not an SVG drawing.")
    for element in root.iter():
        if element.tag.removeprefix(_SVG) not in _ELEMENTS:
            raise BadInput(f"A drawing may not hold “{element.tag.removeprefix(_SVG)}”.")
        for attribute, value in element.attrib.items():
            plain = attribute.rpartition("}")[2].lower()
            if plain.startswith("on") or _OUTSIDE.search(value):
                raise BadInput(f"A drawing may not hold “{plain}={value[:40]}”.")
    return _size(root.attrib.get("viewBox", ""))


def _size(box: str) -> tuple[int, int]:
    parts = box.replace(",", " ").split()
    if len(parts) != 4:
        raise BadInput("A drawing needs a viewBox.")
    width, height = (max(1, round(float(part))) for part in parts[2:])
    return width, height
