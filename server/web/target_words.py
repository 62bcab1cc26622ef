"""Whom a campaign is for, in a few words."""

from __future__ import annotations

from collections.abc import Mapping

from playlists.model import Target
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MAX_NAMED = 3
"""Names in a row; more are counted."""


def target_words(target: Target, names: Mapping[str, str]) -> str:
    """Whom a campaign is for, in a few words."""
    said: list[str] = []
    if target.stores:
        stores = sorted(names.get(store, store) for store in target.stores)
        said.append(few(stores))
    if target.regions:
        said.append(few(sorted(target.regions)))
    if target.screens:
        said.append(ngettext("%(num)s screen", "%(num)s screens", len(target.screens)))
    if target.radius:
        said.append(_("within %(km)s km", km=f"{target.radius[2] / 1000:g}"))
    asked = sorted(target.tags_any | target.tags_all)
    if asked:
        said.append(few(asked))
    if target.tags_none:
        said.append(_("not %(tags)s", tags=few(sorted(target.tags_none))))
    return ", ".join(said) or _("all stores")


def few(words: list[str]) -> str:
    """Names with commas between; many are two and a number."""
    if len(words) <= MAX_NAMED:
        return ", ".join(words)
    return _("%(some)s and %(n)s more", some=", ".join(words[:2]), n=len(words) - 2)
