"""What the page of an instant says: its headline, the winner, the losers, the facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from playlists.conditions import Reason
from playlists.explain import FactUsed, Loser
from playlists.facts import kind_of
from server.services.showing.titles import Told
from server.services.showing.whys import ScreenWhy, store_of
from server.web.clock import MINUTE_MS, NBSP, clock, day, length, when
from server.web.device_words import device_line
from server.web.fact_words import degrees, fact_name, fact_value, needed
from server.web.phrases import Language, counted, say, sentence
from server.web.price_words import drawn_differs, price_line
from server.web.promotion_words import count_words
from server.web.trouble_words import trouble_lines
from server.web.why_shapes import Block, FactLine, Gone, Lost, Marked, WhyWords

VERSION_SHOWN = 8
"""Hex digits of a version that people are shown."""
AGEING = 4
"""A fact is ageing in the last quarter of its life."""
FULL = 100
_FACT_RULES = ("stock", "weather", "crowd")


def why_words(why: ScreenWhy, now: int, language: Language) -> WhyWords:
    """An instant in a language. `now` is the present, unix ms."""
    return _Teller(why, now, language).words()


class _Teller:
    def __init__(self, why: ScreenWhy, now: int, language: Language) -> None:
        self._why = why
        self._now = now
        self._lang = language
        self._explanation = why.explained.explanation
        self._zone = why.place.store.zone
        self._ages = {fact.key: fact.age_ms for fact in self._explanation.facts}
        self._goods = why.names.goods

    def words(self) -> WhyWords:
        losers = self._explanation.losers
        elsewhere = [self._lost(one) for one in losers if one.rule == "place"]
        turns = [self._lost(one) for one in losers if _is_turn(one)]
        lost = [self._lost(one) for one in losers if one.rule != "place" and not _is_turn(one)]
        used, more = self._facts()
        n = sum(not one.item for one in losers)
        second = counted("considered", n, self._lang) if n else self._say("considered_none")
        title, blocks, pin, following = self._round()
        return WhyWords(
            first=self._headline(),
            second=sentence(second),
            title=self._title(self._why.turn),
            layer=self._layer(),
            win=self._win(),
            marked=tuple(map(self._mark, self._why.reasons)),
            notes=self._notes(),
            held=self._is_held,
            lost=tuple(dict.fromkeys(lost)),
            turns=tuple(turns),
            elsewhere=tuple(elsewhere),
            facts=used,
            more_facts=more,
            round_title=title,
            blocks=blocks,
            pin=pin,
            next=following,
            past=tuple(map(self._gone, self._why.past)),
            device=self._device(),
            instant=self._instant(),
            basis=self._basis(),
            page=self._page(),
            troubles=trouble_lines(
                self._why.place.standing.troubles, self._now, self._zone, self._lang
            ),
            prices=tuple(
                price_line(one, self._now, self._zone, self._lang)
                for one in self._why.explained.prices
            ),
            ages_lost=self._why.explained.held.basis in ("run", "record"),
        )

    def _basis(self) -> str:
        """How it is known what the screen held; of the present that goes without saying."""
        held = self._why.explained.held
        if held.basis == "server":
            return ""
        return self._say(f"basis_{held.basis}", at=self._when(held.said_at or 0))

    def _page(self) -> str:
        """Which version of the page's code drew it; of what is to come nobody can say."""
        if self._why.explained.held.basis == "plan":
            return ""
        drawn = self._why.explained.page
        if drawn is None:
            return self._say("page_unknown")
        said = self._say(f"page_{drawn.by}", version=drawn.version[:VERSION_SHOWN])
        return said if drawn.kept else f"{said} {self._say('page_not_kept')}"

    @property
    def _is_held(self) -> bool:
        winner = self._explanation.winner
        return winner is not None and winner.layer in ("override", "emergency")

    def _say(self, key: str, **values: object) -> str:
        return say(key, self._lang, **values)

    def _when(self, at_ms: int) -> str:
        return when(at_ms, self._now, self._zone, self._lang)

    def _instant(self) -> str:
        at = self._explanation.at_ms
        on = day(at, self._zone, self._lang)
        return sentence(self._say("at", day=on, at=clock(at, self._zone, seconds=True)))

    def _title(self, turn: Told) -> str:
        return turn.title.rstrip(".") or self._say("slate")

    def _headline(self) -> str:
        names = {"screen": self._why.place.name, "store": self._why.place.store.name}
        if self._why.turn.title:
            shows = self._say("why_shows", title=self._title(self._why.turn), **names)
        else:
            shows = self._say("why_slate", **names)
        return self._say("why_because", shows=shows, reason=self._because())

    def _because(self) -> str:
        winner = self._explanation.winner
        if winner is None:
            return self._say("because_nothing")
        if winner.layer == "override":
            return self._say("because_hand", by=self._why.by)
        if winner.layer == "emergency":
            return self._say("because_emergency")
        if self._why.reasons:
            return self._cause(self._why.reasons[0])
        if winner.layer == "base":
            campaigns = any(one.rule == "turn" for one in self._explanation.losers)
            return self._say("because_turn" if campaigns else "because_base")
        return self._say("because_takeover" if winner.layer == "takeover" else "because_turn")

    def _cause(self, reason: Reason) -> str:
        kind, _, subject = reason.key.partition(":")
        had = reason.had if isinstance(reason.had, int) else 0
        if kind == "weather.rain":
            return self._say("because_rain" if had else "because_dry")
        if kind == "weather.temperature":
            return self._say("because_degrees", had=degrees(had))
        if kind == "stock":
            return self._say("because_stock" if had else "because_none_left", had=had)
        if kind in ("footfall", "occupancy"):
            return self._say("because_people", had=had, place=subject.partition("@")[0])
        return self._say("because_turn")

    def _layer(self) -> str:
        winner = self._explanation.winner
        return self._say(f"layer_{winner.layer if winner else 'slate'}")

    def _win(self) -> str:
        winner = self._explanation.winner
        if winner is None:
            return self._say("win_slate")
        return self._say(
            "win_turn",
            wish=self._why.names.of(winner.source),
            since=clock(self._explanation.since, self._zone, seconds=True),
            until=clock(self._explanation.until, self._zone, seconds=True),
        )

    def _mark(self, reason: Reason) -> Marked:
        age = self._ages.get(reason.key)
        name = self._fact_name(reason.key)
        value = fact_value(reason.key, reason.had, self._lang)
        space = NBSP if self._lang == "fr" else ""
        return Marked(f"{name}{space}: {value}", self._ago(age))

    def _fact_name(self, key: str) -> str:
        """A fact of another store says which."""
        name = fact_name(key, self._goods, self._lang)
        other = self._why.elsewhere.get(store_of(key))
        return f"{name} ({other})" if other else name

    def _ago(self, age_ms: int | None) -> str:
        return "" if age_ms is None else self._say("ago", age=_age(age_ms))

    def _notes(self) -> tuple[str, ...]:
        notes = []
        if self._explanation.variant == "fallback":
            notes.append(self._say("win_fallback"))
        codes = dict.fromkeys(reason.partition(":")[0] for reason in self._explanation.because)
        known = [self._say(code) for code in codes if code in _SAID_CODES]
        if known:
            notes.append(self._say("win_short", what=", ".join(known)))
        if not self._is_held:
            notes.append(self._say("win_nobody"))
        return tuple(notes)

    def _lost(self, loser: Loser) -> Lost:
        detail = loser.detail
        values: dict[str, object] = {"subject": detail.get("subject", "")}
        if "winner" in detail:
            values["winner"] = self._say(f"layer_{detail['winner']}")
        if "part" in detail:
            values["part"] = self._say(f"part_{detail['part']}")
        said = self._fact_lost(loser) if loser.rule in _FACT_RULES else ""
        if not said and loser.rule == "turn" and "waits" in detail:
            waits = int(detail["waits"])
            said = self._say("lost_waits", at=clock(waits, self._zone, seconds=True))
        if not said and loser.rule == "turn" and (at := self._turn_of(loser)) is not None:
            said = self._say("lost_turn_at", at=clock(at, self._zone, seconds=True))
        if loser.rule == "price" and (drawn := self._why.drawn.get(str(detail.get("subject")))):
            said = drawn_differs(drawn, self._lang)
        said = said or self._say(f"lost_{loser.rule}", **values)
        if "next" in detail:
            said = self._say("lost_next", said=said, at=self._when(int(detail["next"])))
        look = self._why.names.look(loser.wish, loser.item)
        return Lost(
            name=self._why.names.of(loser.wish, loser.item),
            layer=self._say(f"layer_{loser.layer}"),
            word=self._say(f"rule_{loser.rule}"),
            said=said,
            sky=look.sky,
            picture=look.picture or "",
        )

    def _turn_of(self, loser: Loser) -> int | None:
        """When a wish, or its item, has its next turn in this round or the one after."""
        found = self._why.round
        if found is None:
            return None
        mine = [
            turn.since + (found.length_ms if at <= found.at else 0)
            for at, turn in enumerate(found.turns)
            if turn.why is not None
            and turn.why.source == loser.wish
            and (not loser.item or turn.why.item == loser.item)
        ]
        return min(mine, default=None)

    def _fact_lost(self, loser: Loser) -> str:
        detail = loser.detail
        key = str(detail["fact"])
        name = self._fact_name(key)
        if detail["truth"] == "unknown":
            return self._say("lost_unknown", fact=name)
        high = detail.get("high")
        wants = needed(
            key,
            str(detail["op"]),
            detail["needed"],
            None if high is None else int(high),
            self._lang,
            negated=bool(detail.get("negated")),
        )
        had = fact_value(key, detail.get("had"), self._lang)
        said = self._say("lost_fact", fact=name, had=had, needed=wants)
        ago = self._ago(next((age for one, age in self._ages.items() if one == key), None))
        return f"{said} ({ago})" if ago else said

    def _facts(self) -> tuple[tuple[FactLine, ...], tuple[FactLine, ...]]:
        """Those that the winner hangs on, with those that kept others out; then the rest."""
        cited = {str(reason.key) for reason in self._why.reasons}
        losers = self._explanation.losers
        cited |= {str(one.detail["fact"]) for one in losers if one.rule in _FACT_RULES}
        facts = self._explanation.facts
        lines: Iterable[tuple[bool, FactLine]] = (
            (fact.key in cited, self._fact(fact)) for fact in facts
        )
        told = list(lines)
        return (
            tuple(line for used, line in told if used),
            tuple(line for used, line in told if not used),
        )

    def _fact(self, fact: FactUsed) -> FactLine:
        kind = kind_of(fact.key)
        limit = kind.max_age_ms if kind else 0
        known = fact.age_ms is not None and limit
        left = max(0, FULL - FULL * max(0, fact.age_ms or 0) // limit) if known else None
        value = fact_value(fact.key, fact.value, self._lang)
        pieces = fact.value if isinstance(fact.value, int) else None
        came = count_words(pieces, self._why.counts.get(fact.key))
        return FactLine(
            name=self._fact_name(fact.key),
            value=f"{value} ({came})" if came else value,
            age=_age(fact.age_ms),
            limit=self._say("of_limit", limit=length(limit)) if known else "",
            left=left,
            old=left is not None and left * AGEING < FULL,
        )

    def _round(self) -> tuple[str, tuple[Block, ...], int, str]:
        found = self._why.round
        if found is None or not found.turns:
            return self._say("round_none"), (), 0, ""
        begin, end = found.turns[0].since, found.turns[-1].until
        whole = max(1, end - begin)
        blocks = tuple(
            Block(
                number=at + 1,
                title=self._title(turn),
                sky=turn.sky,
                x=(turn.since - begin) * 1000 // whole,
                width=max(1, (turn.until - turn.since) * 1000 // whole),
                current=at == found.at,
            )
            for at, turn in enumerate(found.turns)
        )
        size, lasts = found.size, length(found.length_ms)
        title = self._say("round", length=lasts)
        if len(found.turns) < size:
            title = self._say("round_part", length=lasts, n=len(found.turns), size=size)
        at_ms = self._explanation.at_ms
        following = self._why.following
        said = ""
        if following is not None:
            left = length(max(0, self._explanation.until - at_ms))
            said = self._say("round_next", left=left, title=self._title(following))
        return title, blocks, (at_ms - begin) * 1000 // whole, said

    def _gone(self, turn: Told) -> Gone:
        lasted = length(turn.until - turn.since)
        said = f"{lasted}, {self._say('priced')}" if turn.priced else lasted
        return Gone(clock(turn.since, self._zone, seconds=True), self._title(turn), said)

    def _device(self) -> str:
        place = self._why.place
        at = self._when(self._why.issued_at)
        said = self._say("device_line", w=place.width, h=place.height, at=at)
        if abs(self._explanation.at_ms - self._now) >= MINUTE_MS:
            return said
        told = device_line(place.standing, self._now, self._zone, self._lang)
        return f"{said}. {told}" if told else said


def _is_turn(loser: Loser) -> bool:
    """Whether it is an item of what plays, which only waits: the round shows it."""
    return bool(loser.item) and loser.rule in ("turn", "airtime")


_SAID_CODES: Mapping[str, None] = dict.fromkeys(
    ("no_time", "head_expired", "no_offer", "no_step", "lease_over", "version_differs")
)


def _age(age_ms: int | None) -> str:
    return "" if age_ms is None else length(max(0, age_ms))
