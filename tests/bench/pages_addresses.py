"""Every address of the studio to measure, taken from the application itself.

A rule with names in it (`/playlists/<subject>/items/<item>`) is filled with the first combination
of samples that the studio answers with a page or a part of one; so a new room's pages come along by
themselves. A rule that no sample opens is told, not left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

OK = 200
NO_PAGES = {
    *("doors.home", "doors.static_file", "media-room.media"),
    *("audits.as_csv", "audits.as_json", "calendar-room.exported"),
    *("signing_in.ask_code", "single.leave", "single.back"),
    *(
        "promotions-room.picture",
        "calendar-feed.read",
        "screen_device.picture",
        "screen_device.logs",
    ),
    *("rehearsing-room.show", "rehearsing-room.pictures", "releases-room.proof"),
}
"""Ways to files, streams and other pages; what stands between two steps of signing in; what only a
rehearsal has, which takes longer than a page.
"""
MAX_TRIES = 400


@dataclass(frozen=True)
class Address:
    """`name` is the rule, with its query where that matters; `whole`: a page, not a part of one."""

    name: str
    path: str
    whole: bool


@dataclass(frozen=True)
class Samples:
    """What names things in addresses. `by_name` goes by the name in the rule; other names are tried
    with every value that there is. `queries` are what a page is asked besides, by rule.
    """

    by_name: Mapping[str, Sequence[str]]
    queries: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What to measure, and the rules that no sample opens."""

    addresses: tuple[Address, ...]
    closed: tuple[str, ...]


def addresses(app: Flask, client: FlaskClient, samples: Samples) -> Found:
    """All of the studio's, as `client` may open them."""
    found: list[Address] = []
    closed: list[str] = []
    for rule in pages_of(app):
        opened = _open(rule, client, samples)
        if opened is None:
            closed.append(rule.rule)
            continue
        path, answer = opened
        queries = samples.queries.get(rule.rule, ("",))
        whole = b"<html" in answer.data
        found += [Address(rule.rule + query, path + query, whole) for query in queries]
    return Found(tuple(found), tuple(closed))


def pages_of(app: Flask) -> list[Rule]:
    """The rules of the studio that answer a GET with a page."""
    return sorted(
        (rule for rule in app.url_map.iter_rules() if _is_page(app, rule)), key=lambda one: one.rule
    )


def _is_page(app: Flask, rule: Rule) -> bool:
    view: Any = app.view_functions[rule.endpoint]
    return (
        "GET" in (rule.methods or ())
        and view.__module__.startswith("server.web.")
        and rule.endpoint not in NO_PAGES
    )


def _open(rule: Rule, client: FlaskClient, samples: Samples) -> tuple[str, TestResponse] | None:
    for path in _filled(rule, samples):
        query = samples.queries.get(rule.rule, ("",))[0]
        answer = client.get(path + query)
        if answer.status_code == OK:
            return path, answer
    return None


def _filled(rule: Rule, samples: Samples) -> Iterator[str]:
    """The rule's addresses, those that its own names say first."""
    names = sorted(rule.arguments)
    every = sorted({value for values in samples.by_name.values() for value in values})
    choices = [_choices(rule, name, samples, every) for name in names]
    for count, values in enumerate(product(*choices)):
        if count == MAX_TRIES:
            return
        path = rule.rule
        for name, value in zip(names, values, strict=True):
            path = _replaced(path, name, value)
        yield path


def _choices(rule: Rule, name: str, samples: Samples, every: list[str]) -> Sequence[str]:
    items = getattr(rule._converters.get(name), "items", None)
    if items:
        return sorted(items)[:1]
    return samples.by_name.get(name, every)


def _replaced(path: str, name: str, value: str) -> str:
    begin = next(at for at, char in enumerate(path) if char == "<" and _name_at(path, at) == name)
    return path[:begin] + value + path[path.index(">", begin) + 1 :]


def _name_at(path: str, at: int) -> str:
    return path[at + 1 : path.index(">", at)].rpartition(":")[2]
