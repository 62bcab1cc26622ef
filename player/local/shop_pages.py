"""The shop's screens on the page of one of them: how each stands, and on which to act."""

from __future__ import annotations

from collections.abc import Iterator

from player.local.hands import Sight
from player.local.marks import button, form, hidden, text
from player.local.shop import Other, Sights
from player.local.words import Words, clock, lasts
from playlists.wire.shop_hands import Answer

ALL = "all"
SOME = "some"
HERE = "here"
_TWICE = {"pause": "often"}


def screens(sight: Sight, shop: Sights, words: Words, language: str, given: str) -> str:
    """Each screen of the shop: what it shows, what came of it, and the buttons that end it."""
    assert shop.here is not None
    rows = [_here(sight, shop, words, language, given)]
    rows += [_other(one, sight, shop, words, language, given) for one in shop.others]
    ends = ""
    if len(shop.held) + (sight.running is not None) > 1:
        parts = [hidden("pass", given), hidden("scope", ALL), button(words["end_all"], "hand")]
        ends = form("/end", language, *parts)
    listed = f'<ul role="list">{"".join(rows)}</ul>'
    head = f'<h2 id="shop">{text(words["shop"])}</h2>'
    return f'<section class="shop" aria-labelledby="shop">{head}{listed}{ends}</section>'


def again(shop: Sights, words: Words, language: str, given: str, choice: str, minutes: str) -> str:
    """The button that asks those again that did not show it, though they might."""
    missed = [one for one in shop.others if one.do == "show" and one.answer is None]
    if not missed:
        return ""
    return form(
        "/hold",
        language,
        *(hidden("pass", given), hidden("choice", choice), hidden("minutes", minutes)),
        hidden("scope", SOME),
        *(hidden("where", one.screen.id) for one in missed),
        button(words["retry"], "quiet"),
    )


def where(shop: Sights, words: Words, chosen: str = HERE) -> str:
    """On which screens to show it."""
    if shop.here is None or not shop.others:
        return ""
    count = words["where_all"].format(n=len(shop.others) + 1)
    named = ((HERE, words["where_here"]), (ALL, count), (SOME, words["where_some"]))
    chips = "".join(_chip(value, said, checked=value == chosen) for value, said in named)
    return (
        f'<fieldset class="times where"><legend>{text(words["where"])}</legend>{chips}'
        f'<div class="which">{"".join(_boxes(shop, words))}</div></fieldset>'
    )


def _boxes(shop: Sights, words: Words) -> Iterator[str]:
    assert shop.here is not None
    yield _box(shop.here.id, shop.here.name, words["here"])
    for one in shop.others:
        yield _box(one.screen.id, one.screen.name, "" if one.answer else words["is_gone"])


def _box(screen: str, name: str, beside: str) -> str:
    small = f"<small>{text(beside)}</small>" if beside else ""
    return (
        f'<label class="pick"><input type="checkbox" name="where" value="{text(screen)}">'
        f"<span>{text(name)}{small}</span></label>"
    )


def _chip(value: str, said: str, *, checked: bool) -> str:
    on = " checked" if checked else ""
    field = f'<input type="radio" name="scope" value="{value}"{on}>'
    return f'<label class="chip">{field}<span>{text(said)}</span></label>'


def _here(sight: Sight, shop: Sights, words: Words, language: str, given: str) -> str:
    assert shop.here is not None
    name = f"<b>{text(shop.here.name)}</b> <i>{text(words['here'])}</i>"
    if sight.running is None:
        return _row("", name, words["on_plan"])
    at = clock(sight.running.until_ms, sight.zone)
    said = words["on_hand"].format(what=sight.what, at=at, who=sight.who)
    return _row("held", name, said, _end(shop.here.id, shop.here.name, words, language, given))


def _other(one: Other, sight: Sight, shop: Sights, words: Words, language: str, given: str) -> str:
    name, end = f"<b>{text(one.screen.name)}</b>", ""
    said = [] if one.do == "look" else [words[f"{'did' if one.is_done else 'not'}_{one.do}"]]
    if one.answer is None:
        return _row("gone" if one.do == "look" else "no", name, " ".join([*said, words["is_gone"]]))
    answer = one.answer
    if answer.why:
        said.append(_why(answer, words))
    if one.is_held:
        at = clock(sight.now + answer.left_ms, sight.zone)
        who = shop.people.get(answer.person, "?")
        said.append(words["on_hand"].format(what=answer.what, at=at, who=who))
        end = _end(one.screen.id, one.screen.name, words, language, given)
    elif one.is_done:
        said.append(words["on_plan"])
    kind = "no" if answer.why and one.do != "look" else "held" if one.is_held else ""
    return _row(kind, name, " ".join(said), end)


def _why(answer: Answer, words: Words) -> str:
    said = words.get(f"is_{_TWICE.get(answer.why, answer.why)}", words["is_no"])
    return said.replace("{wait}", lasts(answer.wait_ms, words))


def _row(kind: str, name: str, said: str, end: str = "") -> str:
    return f'<li class="{kind}"><p>{name}<small>{text(said)}</small></p>{end}</li>'


def _end(screen: str, name: str, words: Words, language: str, given: str) -> str:
    parts = [hidden("pass", given), hidden("scope", SOME), hidden("where", screen)]
    label = text(words["end_of"].format(name=name))
    small = f'<button class="end" aria-label="{label}">{text(words["end_one"])}</button>'
    return form("/end", language, *parts, small)
