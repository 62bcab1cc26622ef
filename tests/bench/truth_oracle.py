"""Judges what a screen painted, by the shop's own book and by what the shop was heard to say.

It shares no code with the server, the player or their tests: it reads prices and dates by itself,
and the rules below are those of docs/guides/price-truth.md, written down a second time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

LEASE_MS = 4 * 3_600_000
JUMP_PERCENT = 50
BATCH_PERCENT = 5
ZERO_ROWS = 2
"""A batch of so few rows is judged row by row."""

Verdict = Literal["right", "late", "undetectable", "free", "wrong"]
Row = Mapping[str, str]
"""One product as the shop wrote it: id, price, sale_price, dates, each the text that was sent."""


@dataclass(frozen=True, slots=True)
class Word:
    """What the shop said of a price: cents, and the sale inside its dates (unix ms)."""

    listed: int
    sale: int | None = None
    since: int | None = None
    until: int | None = None

    def price_at(self, at: int) -> int:
        """In force at an instant."""
        begun = self.since is None or self.since <= at
        over = self.until is not None and at >= self.until
        return self.sale if self.sale is not None and begun and not over else self.listed


@dataclass(slots=True)
class _Known:
    """A product: the last credible word, when it was confirmed, and what is held against a later
    one ("" nothing). `contested` is what that one says, where it could be read."""

    word: Word
    confirmed_at: int
    version: int = -1
    doubt: str = ""
    contested: Word | None = None
    honest: bool = True


@dataclass(slots=True)
class Oracle:
    """`tell_*` is what reached the server; `judge` is asked of every painted price."""

    known: dict[str, _Known] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    wrongs: list[str] = field(default_factory=list)
    last_held: bool = False
    confirmed_at: int = 0
    """When the shop last said all that it knows, and was believed."""

    def tell_feed(self, rows: Iterable[Row], at: int, truth: Mapping[str, Word]) -> None:
        """A listing of everything, whole and well-formed, reached the server."""
        listed = list(rows)
        said = _by_product(listed)
        judged = {sku: self._judged(sku, texts, at) for sku, texts in said.items()}
        bad = sum(1 for _, doubt in judged.values() if doubt)
        held = (
            len(said) * 2 < sum(known.doubt != "gone" for known in self.known.values())
            or not said
            or (len(said) > ZERO_ROWS and bad * 100 > len(said) * BATCH_PERCENT)
        )
        self.last_held = held
        self.confirmed_at = self.confirmed_at if held else at
        for sku, (word, doubt) in judged.items():
            before = self.known.get(sku)
            if held:
                if before is not None and (
                    doubt or word is None or _differs(before.word, word, at)
                ):
                    before.doubt = doubt or "held"
            else:
                self._hear(sku, word, doubt, at, -1, truth)
        if not held:
            for sku in self.known.keys() - said.keys():
                self.known[sku].doubt = "gone"

    def tell_nothing_new(self, at: int) -> None:
        """The shop answered that its last listing, which was believed, still stands."""
        self.confirmed_at = at

    def tell_call(self, rows: Iterable[Row], at: int, truth: Mapping[str, Word]) -> None:
        """An authentic call about some products reached the server."""
        for row in rows:
            sku, version = row["id"], int(row["version"])
            before = self.known.get(sku)
            if before is None or version < before.version:
                continue
            word, doubt = self._judged(sku, [row], at)
            self._hear(sku, word, doubt, at, version, truth)

    def tell_gone(self, sku: str, version: int) -> None:
        """An authentic call says that a product is sold no more."""
        if sku in self.known and version >= self.known[sku].version:
            self.known[sku].doubt, self.known[sku].version = "gone", version

    def tell_believed(self, sku: str, at: int, truth: Mapping[str, Word]) -> None:
        """A person said that the word held against is right."""
        known = self.known[sku]
        if known.contested is not None:
            honest = known.contested == truth.get(sku)
            self.known[sku] = _Known(known.contested, at, known.version, honest=honest)

    def jumped(self, truth: Mapping[str, Word]) -> list[str]:
        """Products off the screens for a jump only, though the shop means it."""
        return [
            sku
            for sku, known in self.known.items()
            if known.doubt == "jump" and known.contested == truth[sku]
        ]

    def judge(self, sku: str, painted: int | None, at: int, truth: int) -> Verdict:
        """One painted price (cents; None: none) at an instant, the shop's being `truth` then."""
        known = self.known.get(sku)
        verdict: Verdict
        lease_end = max(self.confirmed_at, known.confirmed_at if known else 0) + LEASE_MS
        if painted is None:
            verdict = "free"
        elif at >= lease_end:
            verdict = "wrong"
        elif painted == truth:
            verdict = "right"
        elif known is None or known.doubt or painted != known.word.price_at(at):
            verdict = "wrong"
        else:
            verdict = "late" if known.honest else "undetectable"
        self.verdicts[verdict] += 1
        if painted is None and known is not None and not known.doubt:
            self.verdicts["free_without_need"] += at < lease_end - 2_000
        if verdict == "wrong":
            self.wrongs.append(f"{sku} painted {painted} at {at}, the shop's {truth}; {known}")
        return verdict

    def _hear(
        self,
        sku: str,
        word: Word | None,
        doubt: str,
        at: int,
        version: int,
        truth: Mapping[str, Word],
    ) -> None:
        before = self.known.get(sku)
        version = max(version, before.version if before else -1)
        if word is None or doubt:
            if before is not None:
                before.doubt, before.version = doubt or "unreadable", version
                before.contested = word
            return
        self.known[sku] = _Known(word, at, version, honest=word == truth.get(sku))

    def _judged(self, sku: str, rows: list[Row], at: int) -> tuple[Word | None, str]:
        """What a row says, and what speaks against it."""
        words = {_word(row) for row in rows}
        if len(words) > 1:
            return None, "said twice"
        word = words.pop()
        if word is None:
            return None, "unreadable"
        if word.listed <= 0 or (word.sale is not None and word.sale <= 0):
            return word, "zero"
        if word.sale is not None and word.sale > word.listed:
            return word, "sale above the price"
        before = self.known.get(sku)
        if before is None:
            return word, ""
        if _jumps(before.word.listed, word.listed):
            return word, "jump"
        undated = word.sale is not None and word.until is None
        if undated and _jumps(before.word.price_at(at), word.sale or 0):
            return word, "jump"
        return word, ""


def _jumps(before: int, after: int) -> bool:
    return abs(after - before) * 100 > before * JUMP_PERCENT


def _differs(before: Word, after: Word, at: int) -> bool:
    edges = {at, *(edge for word in (before, after) for edge in (word.since, word.until) if edge)}
    return any(before.price_at(edge) != after.price_at(edge) for edge in edges if edge >= at)


def _by_product(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["id"], []).append(row)
    return found


def _word(row: Row) -> Word | None:
    listed = cents(row["price"])
    if listed is None:
        return None
    if not row.get("sale_price"):
        return Word(listed)
    sale = cents(row["sale_price"])
    if sale is None:
        return None
    if not row.get("dates"):
        return Word(listed, sale)
    begin, slash, end = row["dates"].partition("/")
    since, until = _instant(begin), _instant(end)
    unreadable = (begin.strip() and since is None) or (end.strip() and until is None)
    if not slash or unreadable or (since and until and until <= since):
        return None
    return Word(listed, sale, since, until)


_NUMBER = re.compile(r"([0-9]+)(?:[.,]([0-9]{1,2}))?")
_THOUSANDS = re.compile(r"([0-9]{1,3}(?:([ .,'\u00a0\u202f])[0-9]{3})+)(?:([.,])([0-9]{1,2}))?")


def cents(text: str) -> int | None:
    """A price in euros that can be read in one way only; None for every other text."""
    if text.count("EUR") != 1:
        return None
    before, after = (part.strip() for part in text.split("EUR"))
    if bool(before) == bool(after):
        return None
    number = before or after
    if plain := _NUMBER.fullmatch(number):
        return int(plain[1]) * 100 + int((plain[2] or "0").ljust(2, "0"))
    grouped = _THOUSANDS.fullmatch(number)
    if grouped is None or grouped[2] == grouped[3]:
        return None
    marks = {mark for mark in number if not mark.isdigit()} - {grouped[3]}
    only_groups = grouped[3] is None and grouped[2] in ".," and number.count(grouped[2]) == 1
    if len(marks) != 1 or only_groups:
        return None
    whole = int(re.sub(r"\D", "", grouped[1]))
    return whole * 100 + int((grouped[4] or "0").ljust(2, "0"))


def _instant(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if len(text.strip()) <= len("2026-10-15"):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
