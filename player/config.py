"""The player's settings, each with its unit: from the command line, else ENSEIGNE_PLAYER_*."""

from __future__ import annotations

import argparse
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

KIB = 1024
MIB = 1024 * 1024
PREFIX = "ENSEIGNE_PLAYER_"
MAX_SIDE = 16_384
"""Pixels."""
_TIME = "([01][0-9]|2[0-3]):([0-5][0-9])"
_WINDOW = re.compile(f"{_TIME}-{_TIME}")


class BadConfig(Exception):
    """A setting is wrong; the message says which and what to write instead."""


@dataclass(frozen=True, slots=True)
class Config:
    """`server` is the web process's origin; `door` "" asks the server for its door."""

    server: str
    data: Path
    host: str = "127.0.0.1"
    port: int = 8090
    name: str = ""
    door: str = ""
    ca: str = ""
    """A PEM file of the certificate authority to believe; "" believes the system's."""
    size: tuple[int, int] = (1920, 1080)
    """As people see it: 1080 by 1920 on a screen that hangs upright."""
    rotate: int = 0
    """Degrees clockwise by which the kiosk turns the picture: 0, 90, 180, 270."""
    display: bool = True
    chromium: str = ""
    chromium_flags: tuple[str, ...] = ()
    chromium_mib: int | None = None
    """What Chromium's processes may hold of the memory before it is replaced; 0 for any, None for
    a usual share of the machine's.
    """
    assets_bytes: int = 8_192 * MIB
    objects_bytes: int = 128 * MIB
    update_paint_s: int = 60
    """Another version of the player that has painted nothing for so long is gone back from."""
    update_settle_s: int = 120
    """For so long after its first picture it is looked at."""
    reserve_bytes: int = 64 * MIB
    """Left free on the disk, so that state and play records can always be written."""
    fetch_bytes_s: int = 0
    """The most that comes from the server of pictures and films; 0 for as fast as it goes."""
    fetch_hours: tuple[tuple[int, int], ...] = ()
    """Of the store's day, in minutes (from, until); what is needed soon is fetched at any hour."""
    share: bool = False
    """Whether to exchange files with the other players of the shop."""
    share_port: int = 0
    """On all of this machine's addresses; 0 for any that is free."""
    records_every_s: int = 3_600
    """Play records that still run are ended this often, so that the server has them."""
    hands_port: int = 8095
    """On which the store's people reach this screen while its server is away; 0: never."""
    hands_after_s: int = 90
    """The server is away when it was not heard for so long."""
    page: Path = Path(__file__).parent / "page"


def read_config(
    arguments: Sequence[str],
    environ: Mapping[str, str] = os.environ,
    *,
    needs_server: bool = True,
) -> Config:
    """Read the command line. Raises BadConfig; argparse itself exits (--help, unknown names)."""
    parser = _parser(environ)
    given = parser.parse_args(arguments)
    if needs_server and not given.server:
        raise BadConfig(
            "Name the server: --server https://signs.example (or ENSEIGNE_PLAYER_SERVER)."
        )
    rotate = _turn(given.rotate)
    return Config(
        server=_origin(given.server, "--server") if given.server else "",
        data=Path(given.data).expanduser().absolute(),
        host=given.host,
        port=_whole(given.port, "--port", 0, 65_535),
        name=given.name[:120],
        door=_origin(given.door, "--door") if given.door else "",
        ca=_file(given.ca, "--ca"),
        size=_size(given.size or ("1080x1920" if rotate in (90, 270) else "1920x1080")),
        rotate=rotate,
        display=not given.no_display,
        chromium=given.chromium,
        chromium_flags=tuple(given.chromium_flags.split()),
        chromium_mib=_whole(given.chromium_mib, "--chromium-mib", 0, 1_000_000)
        if given.chromium_mib
        else None,
        assets_bytes=_whole(given.assets_mib, "--assets-mib", 1, 1_000_000) * MIB,
        fetch_bytes_s=_whole(given.fetch_kib_s, "--fetch-kib-s", 0, 10_000_000) * KIB,
        fetch_hours=_hours(given.fetch_hours),
        update_paint_s=_whole(given.update_paint_s, "--update-paint-s", 10, 1_800),
        update_settle_s=_whole(given.update_settle_s, "--update-settle-s", 0, 3_600),
        records_every_s=_whole(given.records_every_s, "--records-every-s", 10, 3_600),
        share=not given.no_share,
        share_port=_whole(given.share_port, "--share-port", 0, 65_535),
        hands_port=_whole(given.hands_port, "--hands-port", 0, 65_535),
        hands_after_s=_whole(given.hands_after_s, "--hands-after-s", 1, 86_400),
    )


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m player",
        description="Enseigne's player: pairs with a server and shows its plan, offline too.",
    )

    def add(name: str, default: str, text: str) -> None:
        variable = PREFIX + name.upper().replace("-", "_")
        parser.add_argument(
            f"--{name}", default=environ.get(variable, default), help=f"{text} ({variable})"
        )

    add("server", "", "the server's address, such as https://signs.example")
    add("data", "~/.local/share/enseigne-player", "folder for keys, plan, files and play records")
    add("host", "127.0.0.1", "address on which the page is served; keep it local")
    add("port", "8090", "port on which the page is served")
    add("name", socket.gethostname(), "what people see when they pair this screen")
    add("door", "", "the door's address; asked of the server without it")
    add("ca", "", "PEM file of a private certificate authority")
    add("size", "", "the screen's pixels as people see it; 1920x1080, upright 1080x1920")
    add("rotate", "0", "degrees clockwise by which the kiosk turns the picture: 0, 90, 180, 270")
    add("chromium", "", "the Chromium to start; found on PATH without it")
    add("chromium-flags", "", "more flags for Chromium, separated by spaces")
    add(
        "chromium-mib",
        "",
        "MiB at which Chromium is replaced; 60 %% of the memory, 0: never",
    )
    add("assets-mib", "8192", "disk space for pictures and videos, MiB")
    add("fetch-kib-s", "0", "most KiB a second of pictures and videos from the server; 0: any")
    add("fetch-hours", "", "when they are fetched ahead, such as 21:00-07:00,12:00-13:30; any hour")
    add("update-paint-s", "60", "seconds within which another version of the player must paint")
    add("update-settle-s", "120", "seconds for which it is looked at after that")
    add("records-every-s", "3600", "seconds after which play records are ended and sent")
    add("share-port", "0", "port on which other players of the shop are given them; 0: any")
    add("hands-port", "8095", "port of the page for the store's people without the server; 0: none")
    add("hands-after-s", "90", "seconds without the server before that page may be used")
    parser.add_argument(
        "--no-share",
        action="store_true",
        default=environ.get(PREFIX + "NO_SHARE", "") not in ("", "0"),
        help="neither give to nor take from other players of the shop (ENSEIGNE_PLAYER_NO_SHARE)",
    )
    parser.add_argument(
        "--no-display",
        action="store_true",
        default=environ.get(PREFIX + "NO_DISPLAY", "") not in ("", "0"),
        help="serve the page, but start no browser (ENSEIGNE_PLAYER_NO_DISPLAY)",
    )
    return parser


def _origin(value: str, name: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadConfig(f"{name} is an address like https://signs.example, not {value!r}.")
    return value.rstrip("/")


def _whole(value: str, name: str, low: int, high: int) -> int:
    if not value.isdecimal() or not low <= int(value) <= high:
        raise BadConfig(f"{name} is a whole number from {low} to {high}, not {value!r}.")
    return int(value)


def _hours(value: str) -> tuple[tuple[int, int], ...]:
    windows = []
    for window in filter(None, value.replace(" ", "").split(",")):
        found = _WINDOW.fullmatch(window)
        if not found:
            raise BadConfig(f"--fetch-hours is like 21:00-07:00,12:00-13:30, not {value!r}.")
        hours = [int(part) for part in found.groups()]
        windows.append((hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]))
    return tuple(windows)


def _turn(value: str) -> int:
    if value not in ("0", "90", "180", "270"):
        raise BadConfig(f"--rotate is 0, 90, 180 or 270, not {value!r}.")
    return int(value)


def _size(value: str) -> tuple[int, int]:
    width, _, height = value.lower().partition("x")
    return _whole(width, "--size", 1, MAX_SIDE), _whole(height, "--size", 1, MAX_SIDE)


def _file(value: str, name: str) -> str:
    if value and not Path(value).is_file():
        raise BadConfig(f"{name} names no file: {value}")
    return value
