"""One message to one recipient: what is new, what still is so, what is well again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from playlists.ids import canonical
from server.services.situation.concerns import LANGUAGES, Concern, Language
from server.services.situation.spoken import (
    Places,
    following,
    moment,
    sentence,
    title,
)

MAX_LINES = 20
"""Concerns told one by one under a heading; the others are counted."""
_HEADS = {
    "new": ("Nouveau", "New"),
    "still": ("Toujours pas résolu", "Still so"),
    "over": ("De nouveau en ordre", "All well again"),
}
_MORE = ("et {n} de plus", "and {n} more")
_SEE = ("Voir la situation\u00a0: {url}", "See the situation: {url}")
_WHY = (
    "Vous recevez ce message d’après votre rôle. La page de la situation permet de l’arrêter.",
    "You receive this by your role. The page of the situation lets you stop it.",
)


@dataclass(frozen=True, slots=True)
class Ended:
    """A concern that is over since `at` (unix ms)."""

    concern: Concern
    at: int


@dataclass(frozen=True, slots=True)
class News:
    """What a recipient is to be told at once; the most urgent first."""

    new: tuple[Concern, ...] = ()
    still: tuple[Concern, ...] = ()
    over: tuple[Ended, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.still or self.over)

    def key(self, recipient: str, day: int) -> str:
        """The same for the same news to the same recipient on one day (since 1970, UTC): whoever
        is sent it twice can tell.
        """
        told = [
            sorted(f"{one.id}@{one.since}" for one in self.new),
            sorted(f"{one.id}@{one.since}" for one in self.still),
            sorted(f"{one.concern.id}@{one.at}" for one in self.over),
        ]
        return hashlib.sha256(canonical([recipient, day, told])).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Words:
    """A message in one language, plain text."""

    subject: str
    text: str


def words(news: News, places: Places, now: int, language: Language, url: str) -> Words:
    """The news as a mail says them."""
    at = 0 if language == "fr" else 1
    parts = []
    for name, lines in (
        ("new", [_line(one, places, now, language) for one in news.new]),
        ("still", [_line(one, places, now, language) for one in news.still]),
        ("over", [_ended(one, places, now, language) for one in news.over]),
    ):
        if lines:
            shown = lines[:MAX_LINES]
            if len(lines) > MAX_LINES:
                shown.append(f"– {_MORE[at].format(n=len(lines) - MAX_LINES)}")
            parts.append("\n".join([_HEADS[name][at], *shown]))
    parts += [_SEE[at].format(url=f"{url}/situation"), _WHY[at]]
    return Words(_subject(news, places, now, language), "\n\n".join(parts) + "\n")


def body(news: News, places: Places, now: int, url: str) -> bytes:
    """The news as the webhook says them: JSON, instants in unix ms."""

    def told(concern: Concern) -> dict[str, Any]:
        return {
            "id": concern.id,
            "kind": concern.kind,
            "stores": list(concern.stores),
            "since": concern.since,
            "text": {tongue: sentence(concern, places, now, tongue) for tongue in LANGUAGES},
        }

    whole = {
        "v": 1,
        "at": now,
        "see": f"{url}/situation",
        "new": [told(one) for one in news.new],
        "still": [told(one) for one in news.still],
        "over": [{**told(one.concern), "over_at": one.at} for one in news.over],
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _subject(news: News, places: Places, now: int, language: Language) -> str:
    at = 0 if language == "fr" else 1
    first = next(iter((*news.new, *news.still)), None)
    if first is not None:
        said = sentence(first, places, now, language)
    else:
        said = f"{_HEADS['over'][at]}: {title(news.over[0].concern, places, now, language)}"
        said = said.replace(":", "\u00a0:", 1) if language == "fr" else said
    more = len(news.new) + len(news.still) + len(news.over) - 1
    whole = f"{said.rstrip('.')}, {_MORE[at].format(n=more)}" if more else said
    return " ".join(whole.replace("\u00a0", " ").split())


def _line(concern: Concern, places: Places, now: int, language: Language) -> str:
    said = sentence(concern, places, now, language)
    return f"– {said}\n  {following(concern, places, now, language)}"


def _ended(ended: Ended, places: Places, now: int, language: Language) -> str:
    zone = places.zone_of(ended.concern)
    began, over = (moment(at, now, zone, language) for at in (ended.concern.since, ended.at))
    what = title(ended.concern, places, now, language)
    return f"– {what}, {began} – {over}"
