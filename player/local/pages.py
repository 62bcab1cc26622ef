"""The pages on the shop's network, as HTML without script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from player.local import shop_pages
from player.local.guard import NotNow
from player.local.hands import Sight
from player.local.marks import button, form, hidden, text
from player.local.shop import ALONE, Sights
from player.local.words import Words, clock, lasts, words_for

MINUTES = (15, 30, 60, 120, 240, 480)
"""Lengths to choose from, as far as the plan lets."""
DEFAULT_MINUTES = 60
_WRONG = {
    "token": "token_wrong",
    "code": "code_wrong",
    "choice": "choice_wrong",
    "until": "until_wrong",
    "where": "where_wrong",
}


def front(sight: Sight, language: str, refused: NotNow | None = None) -> str:
    """The door: how it stands, and the button that has the screen show a code."""
    words = words_for(language)
    parts = [_standing(sight, words), _refusal(refused, words)]
    if sight.away and sight.choices:
        parts += [
            form("/show", language, button(words["show"], "go")),
            f"<p>{text(words['show_say'])}</p>",
        ]
    elif sight.away:
        parts.append(f"<p>{text(words['nothing' if sight.store else 'nobody'])}</p>")
    else:
        parts.append(f"<p>{text(words['online_say'])}</p>")
    return _page(sight, words, language, parts)


def entry(sight: Sight, language: str, token: str = "", refused: NotNow | None = None) -> str:
    """Where a person says the screen's code and their own."""
    words = words_for(language)
    fields = [
        _field("token", words, token, 7, refused, autofocus=not token),
        _field("code", words, "", 20, refused, autofocus=bool(token)),
        button(words["enter"], "go"),
    ]
    head = "" if token else _headline(words["shown"], words["shown_2"])
    head = head or _headline(words["away"], words["plan" if sight.running is None else "hand"])
    parts = [head, _refusal(refused, words, "token", "code")]
    parts.append(form("/enter", language, *fields))
    return _page(sight, words, language, parts)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person who came in sees: how the shop stands, what they chose, what was refused."""

    sight: Sight
    given: str
    shop: Sights = ALONE
    refused: NotNow | None = None
    choice: str = ""
    minutes: str = ""
    scope: str = shop_pages.HERE


def desk(seen: Desk, language: str) -> str:
    """What a person who came in may do."""
    words, sight, shop = words_for(language), seen.sight, seen.shop
    parts = [_standing(sight, words, shop), _refusal(seen.refused, words)]
    stands = _shop(seen, words, language)
    choosing = _choosing(seen, words, language) if sight.away else ""
    # What to show comes first, unless there is news.
    news = sight.running is not None or shop.has_news
    parts += [stands, choosing] if news else [choosing, stands]
    alone = "" if shop.here else f"{text(words['alone'])} "
    parts.append(f"<p>{alone}{text(words['then_server'])}</p>")
    return _page(sight, words, language, parts)


def _shop(seen: Desk, words: Words, language: str) -> str:
    sight, shop, given = seen.sight, seen.shop, seen.given
    if shop.others:
        again = shop_pages.again(shop, words, language, given, seen.choice, seen.minutes)
        return shop_pages.screens(sight, shop, words, language, given) + again
    return _held(sight, words, language, given) if sight.running is not None else ""


def _choosing(seen: Desk, words: Words, language: str) -> str:
    sight = seen.sight
    title = words["again" if sight.running else "what"]
    rows = "".join(
        f'<label class="pick"><input type="radio" name="choice" value="{text(one.id)}" required>'
        f"<span>{text(one.name)}</span></label>"
        for one in sight.choices
    )
    longest = sight.longest_ms // 60_000
    offered = [n for n in MINUTES if n <= longest] or [max(1, longest)]
    chosen = max((n for n in offered if n <= DEFAULT_MINUTES), default=offered[0])
    times = "".join(_chip(n, lasts(n * 60_000, words), checked=n == chosen) for n in offered)
    return form(
        "/hold",
        language,
        hidden("pass", seen.given),
        f"<fieldset><legend>{text(title)}</legend>{rows}</fieldset>",
        f'<fieldset class="times"><legend>{text(words["until"])}</legend>{times}</fieldset>',
        shop_pages.where(seen.shop, words, seen.scope),
        button(words["do"], "go"),
        f"<p>{text(words['then'])}</p>",
    )


def _chip(minutes: int, said: str, *, checked: bool) -> str:
    on = " checked" if checked else ""
    field = f'<input type="radio" name="minutes" value="{minutes}"{on}>'
    return f'<label class="chip">{field}<span>{text(said)}</span></label>'


def _held(sight: Sight, words: Words, language: str, given: str) -> str:
    end = form("/end", language, hidden("pass", given), button(words["end"], "hand"))
    return f'<section class="held">{_what(sight, words)}{end}</section>'


def _what(sight: Sight, words: Words) -> str:
    assert sight.running is not None
    said = words["held"].format(at=clock(sight.running.until_ms, sight.zone), who=sight.who)
    return f"<p><b>{text(sight.what)}</b><br>{text(said)}</p>"


def _standing(sight: Sight, words: Words, shop: Sights = ALONE) -> str:
    if not sight.away:
        return _headline(words["online"], words["online_2"])
    held = len(shop.held) + (sight.running is not None)
    if held and shop.others:
        said = words["one" if held == 1 else "some"].format(n=held, of=len(shop.others) + 1)
        return _headline(words["away"], said)
    return _headline(words["away"], words["plan" if sight.running is None else "hand"])


def _headline(first: str, second: str) -> str:
    return f"<h1>{text(first)} <span>{text(second)}</span></h1>"


def _refusal(refused: NotNow | None, words: Words, *but: str) -> str:
    if refused is None or refused.why in but:
        return ""
    said = words[_WRONG.get(refused.why, refused.why)]
    return f'<p class="refused" role="alert">{text(_waiting(said, refused, words))}</p>'


def _waiting(said: str, refused: NotNow, words: Words) -> str:
    return said.replace("{wait}", lasts(refused.wait_ms, words))


def _field(
    name: str, words: Words, value: str, limit: int, refused: NotNow | None, *, autofocus: bool
) -> str:
    wrong = refused is not None and refused.why == name
    says = f' aria-invalid="true" aria-describedby="{name}-wrong"' if wrong else ""
    told = (
        f'<p class="refused" role="alert" id="{name}-wrong">{text(words[_WRONG[name]])}</p>'
        if wrong
        else f"<small>{text(words[name + '_say'])}</small>"
    )
    return (
        f'<label class="field" for="{name}"><b>{text(words[name])}</b></label>'
        f'<input id="{name}" name="{name}" value="{text(value)}" maxlength="{limit}" required '
        f'autocomplete="off" autocapitalize="characters" spellcheck="false"{says}'
        f"{' autofocus' if autofocus else ''}>{told}"
    )


def _page(sight: Sight, words: Words, language: str, parts: list[str]) -> str:
    return "".join(_document(sight, words, language, parts))


def _document(sight: Sight, words: Words, language: str, parts: list[str]) -> Iterator[str]:
    other = "en" if language == "fr" else "fr"
    yield f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark"><link rel="stylesheet" href="/hands.css">'
    yield f"<title>{text(words['title'])} · {text(sight.store or 'Enseigne')}</title></head>"
    yield f'<body><header><p class="plaque">{text(sight.store or "Enseigne")}</p>'
    yield f'<a href="/?lang={other}" lang="{other}">{text(words["other"])}</a></header><main>'
    yield from parts
    yield "</main></body></html>"
