"""What editors did, in words: who moved, changed, added what, and how long ago."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.services.drafting.drafts import Edit
from server.web.clock import MINUTE_MS, NBSP, SECOND_MS, length
from server.web.tongue import gettext as _

SECONDS_BELOW_MS = 3 * MINUTE_MS
"""Lengths are told in seconds up to this."""


def ago(at_ms: int, now_ms: int) -> str:
    """`just now`, `6 min ago`, `3 d ago`."""
    past = max(0, now_ms - at_ms)
    if past < MINUTE_MS:
        return _("just now")
    return _("%(length)s ago", length=_length(past))


def lasts(ms: int) -> str:
    """How long a turn or a round is: `12 s`, `1.5 s`, `88 s`, `6 min`."""
    if ms >= SECONDS_BELOW_MS:
        return length(ms)
    whole, part = divmod(ms // 100, SECOND_MS // 100)
    return f"{whole}{_('.') + str(part) if part else ''}{NBSP}s"


def edit_said(edit: Edit, body: Mapping[str, Any], who: str, titles: Mapping[str, str]) -> str:
    """One edit as a sentence; `titles` are what items are called now, `body` is the draft."""
    op = edit.ops[0]
    path = str(op["path"])
    item = str(op.get("id", "")) or (path.split("/")[1] if path.startswith("items/") else "")
    title = titles.get(item) or _title(op) or _("a turn")
    if len(edit.ops) > 1:
        return _("%(who)s made %(n)s changes at once.", who=who, n=len(edit.ops))
    if op["op"] == "move":
        return _("%(who)s moved “%(title)s”.", who=who, title=title)
    if op["op"] == "add":
        return _("%(who)s added “%(title)s”.", who=who, title=title)
    if op["op"] == "remove":
        return _("%(who)s took “%(title)s” out.", who=who, title=title)
    if path == "name":
        return _("%(who)s named it “%(name)s”.", who=who, name=body.get("name", ""))
    return _("%(who)s changed “%(title)s”.", who=who, title=title)


def _title(op: Mapping[str, Any]) -> str:
    value = op.get("value")
    return str(value.get("title", "")) if isinstance(value, Mapping) else ""


def _length(ms: int) -> str:
    days = ms // (24 * 60 * MINUTE_MS)
    return _("%(n)s d", n=days) if days else length(ms)
