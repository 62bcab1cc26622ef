"""Reads a shop's web pages politely: what robots.txt allows, one at a time, with a pause.

robots.txt: RFC 9309. Sitemaps: https://www.sitemaps.org/protocol.html.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from server.connectors import http
from server.connectors.http import NO_VALIDATORS, Answer, Validators
from server.connectors.source import Limits
from server.ports import PermanentError, TemporaryError

ROBOTS_BYTES = 512 * 1024
"""Of a robots.txt, at least what RFC 9309 §2.5 asks to be read."""
PAGE_BYTES = 8 * 1024 * 1024
SITEMAP_BYTES = 50 * 1024 * 1024
"""A sitemap is no longer than this."""
MAX_SITEMAPS = 50
"""That one sitemap may name."""
MAX_ADDRESSES = 50_000
MAX_DELAY_S = 60.0
"""A site that asks for longer pauses is not read."""

Wait = Callable[[float], None]


class Forbidden(PermanentError):
    """The site does not want this page to be read by programs."""


class Site:
    """Asks pages of web sites, each site's rules heeded. `wait` takes seconds."""

    def __init__(self, limits: Limits, delay_s: float, wait: Wait = time.sleep) -> None:
        self._limits = replace(limits, max_bytes=min(limits.max_bytes, PAGE_BYTES))
        self._wide = replace(limits, max_bytes=min(limits.max_bytes, SITEMAP_BYTES))
        self._delay_s, self._wait = delay_s, wait
        self._rules: dict[str, RobotFileParser] = {}
        self._asked = False

    @contextmanager
    def page(self, url: str, validators: Validators = NO_VALIDATORS) -> Iterator[Answer]:
        """One page. Raises Forbidden, and what `http.get` raises."""
        rules = self._rules_of(url)
        if not rules.can_fetch(http.USER_AGENT, url):
            raise Forbidden("The site’s robots.txt does not allow that this page is read.")
        self._pause(rules)
        with http.get(url, self._limits, validators, "text/html") as answer:
            yield answer

    def addresses(self, sitemap: str, most: int, part: str = "") -> list[str]:
        """Pages of one site that its sitemap names, of those with `part` in their address at most
        `most`, in its order. Raises Forbidden, TemporaryError, PermanentError.
        """
        found: dict[str, None] = {}
        waiting, seen = [sitemap], {sitemap}
        while waiting and len(found) < most:
            maps, pages = self._sitemap(waiting.pop(0))
            for url in maps:
                if url not in seen and _same(url, sitemap):
                    seen.add(url)
                    waiting.append(url)
            if len(seen) > MAX_SITEMAPS:
                raise PermanentError(f"The sitemap names over {MAX_SITEMAPS} others.")
            good = (url for url in pages if part in url and _same(url, sitemap))
            found.update(dict.fromkeys(good))
        return list(found)[:most]

    def _sitemap(self, url: str) -> tuple[list[str], list[str]]:
        rules = self._rules_of(url)
        self._pause(rules)
        maps: list[str] = []
        pages: list[str] = []
        with http.get(url, self._wide, accept="application/xml, text/xml") as answer:
            body, first = answer.body.unpacked_file()
            try:
                inside = ""
                for event, element in iterparse(
                    body.stream(first), events=("start", "end"), forbid_dtd=True
                ):
                    name = element.tag.rpartition("}")[2]
                    if event == "start":
                        inside = name if name in ("sitemap", "url") else inside
                        continue
                    if name == "loc" and element.text:
                        (maps if inside == "sitemap" else pages).append(element.text.strip())
                    if name in ("sitemap", "url"):
                        element.clear()
                    if len(pages) > MAX_ADDRESSES:
                        break
            except DefusedXmlException:
                raise PermanentError(
                    "The sitemap declares a DTD or entities; they are refused."
                ) from None
            except ParseError:
                raise TemporaryError("The sitemap is broken, cut short or none.") from None
        return maps, pages

    def _pause(self, rules: RobotFileParser) -> None:
        """Wait between two requests as long as both sides want."""
        asked = float(rules.crawl_delay(http.USER_AGENT) or 0)
        if asked > MAX_DELAY_S:
            raise Forbidden(f"The site asks for pauses of {asked:g} seconds: it is not read.")
        if self._asked:
            self._wait(max(self._delay_s, asked))
        self._asked = True

    def _rules_of(self, url: str) -> RobotFileParser:
        """RFC 9309 §2.3.1: none where there are none; while they cannot be had, nothing is read."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._rules:
            rules = RobotFileParser()
            limits = replace(self._limits, max_bytes=ROBOTS_BYTES)
            try:
                with http.get(urljoin(origin, "/robots.txt"), limits) as answer:
                    page = answer.content_type in ("text/html", "application/xhtml+xml")
                    text = "" if page else answer.body.whole().decode("utf-8", "replace")
            except PermanentError:
                text = ""
            rules.parse(text.lstrip("\ufeff").splitlines())
            self._rules[origin] = rules
        return self._rules[origin]


def _same(url: str, other: str) -> bool:
    """Whether two addresses are of one site, so that a sitemap leads nowhere else."""
    try:
        http.check_url(url)
    except ValueError:
        return False
    return urlsplit(url).netloc == urlsplit(other).netloc
