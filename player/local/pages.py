"""The pages on the shop's network, as HTML without script."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from player.local.guard import NotNow
from player.local.hands import Sight
from player.local.words import Words, clock, lasts, words_for

MINUTES = (15, 30, 60, 120, 240, 480)
"""Lengths to choose from, as far as the plan lets."""
DEFAULT_MINUTES = 60
_WRONG = {
    "token": "token_wrong",
    "code": "code_wrong",
    "choice": "choice_wrong",
    "until": "until_wrong",
}


def front(sight: Sight, language: str, refused: NotNow | None = None) -> str:
    """The door: how it stands, and the button that has the screen show a code."""
    words = words_for(language)
    parts = [_standing(sight, words), _refusal(refused, words)]
    if sight.away and sight.choices:
        parts += [
            _form("/show", language, _button(words["show"], "go")),
            f"<p>{_text(words['show_say'])}</p>",
        ]
    elif sight.away:
        parts.append(f"<p>{_text(words['nothing' if sight.store else 'nobody'])}</p>")
    else:
        parts.append(f"<p>{_text(words['online_say'])}</p>")
    return _page(sight, words, language, parts)


def entry(sight: Sight, language: str, token: str = "", refused: NotNow | None = None) -> str:
    """Where a person says the screen's code and their own."""
    words = words_for(language)
    fields = [
        _field("token", words, token, 7, refused, autofocus=not token),
        _field("code", words, "", 20, refused, autofocus=bool(token)),
        _button(words["enter"], "go"),
    ]
    head = "" if token else _headline(words["shown"], words["shown_2"])
    head = head or _headline(words["away"], words["plan" if sight.running is None else "hand"])
    parts = [head, _refusal(refused, words, "token", "code")]
    parts.append(_form("/enter", language, *fields))
    return _page(sight, words, language, parts)


def desk(sight: Sight, language: str, given: str, refused: NotNow | None = None) -> str:
    """What a person who came in may do."""
    words = words_for(language)
    parts = [_standing(sight, words), _refusal(refused, words)]
    if sight.running is not None:
        parts.append(_held(sight, words, language, given))
    if sight.away:
        parts.append(_choosing(sight, words, language, given))
    parts += [f"<p>{_text(words['other_screens'])} {_text(words['then_server'])}</p>"]
    return _page(sight, words, language, parts)


def _choosing(sight: Sight, words: Words, language: str, given: str) -> str:
    title = words["again" if sight.running else "what"]
    rows = "".join(
        f'<label class="pick"><input type="radio" name="choice" value="{_text(one.id)}" required>'
        f"<span>{_text(one.name)}</span></label>"
        for one in sight.choices
    )
    longest = sight.longest_ms // 60_000
    offered = [n for n in MINUTES if n <= longest] or [max(1, longest)]
    chosen = max((n for n in offered if n <= DEFAULT_MINUTES), default=offered[0])
    times = "".join(_chip(n, lasts(n * 60_000, words), checked=n == chosen) for n in offered)
    return _form(
        "/hold",
        language,
        _hidden("pass", given),
        f"<fieldset><legend>{_text(title)}</legend>{rows}</fieldset>",
        f'<fieldset class="times"><legend>{_text(words["until"])}</legend>{times}</fieldset>',
        _button(words["do"], "go"),
        f"<p>{_text(words['then'])}</p>",
    )


def _chip(minutes: int, said: str, *, checked: bool) -> str:
    on = " checked" if checked else ""
    field = f'<input type="radio" name="minutes" value="{minutes}"{on}>'
    return f'<label class="chip">{field}<span>{_text(said)}</span></label>'


def _held(sight: Sight, words: Words, language: str, given: str) -> str:
    end = _form("/end", language, _hidden("pass", given), _button(words["end"], "hand"))
    return f'<section class="held">{_what(sight, words)}{end}</section>'


def _what(sight: Sight, words: Words) -> str:
    assert sight.running is not None
    said = words["held"].format(at=clock(sight.running.until_ms, sight.zone), who=sight.who)
    return f"<p><b>{_text(sight.what)}</b><br>{_text(said)}</p>"


def _standing(sight: Sight, words: Words) -> str:
    if not sight.away:
        return _headline(words["online"], words["online_2"])
    return _headline(words["away"], words["plan" if sight.running is None else "hand"])


def _headline(first: str, second: str) -> str:
    return f"<h1>{_text(first)} <span>{_text(second)}</span></h1>"


def _refusal(refused: NotNow | None, words: Words, *but: str) -> str:
    if refused is None or refused.why in but:
        return ""
    said = words[_WRONG.get(refused.why, refused.why)]
    return f'<p class="refused" role="alert">{_text(_waiting(said, refused, words))}</p>'


def _waiting(said: str, refused: NotNow, words: Words) -> str:
    return said.replace("{wait}", lasts(refused.wait_ms, words))


def _field(
    name: str, words: Words, value: str, limit: int, refused: NotNow | None, *, autofocus: bool
) -> str:
    wrong = refused is not None and refused.why == name
    says = f' aria-invalid="true" aria-describedby="{name}-wrong"' if wrong else ""
    told = (
        f'<p class="refused" role="alert" id="{name}-wrong">{_text(words[_WRONG[name]])}</p>'
        if wrong
        else f"<small>{_text(words[name + '_say'])}</small>"
    )
    return (
        f'<label class="field" for="{name}"><b>{_text(words[name])}</b></label>'
        f'<input id="{name}" name="{name}" value="{_text(value)}" maxlength="{limit}" required '
        f'autocomplete="off" autocapitalize="characters" spellcheck="false"{says}'
        f"{' autofocus' if autofocus else ''}>{told}"
    )


def _form(action: str, language: str, *parts: str) -> str:
    inner = "".join(parts)
    return f'<form method="post" action="{action}?lang={language}">{inner}</form>'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{_text(value)}">'


def _button(label: str, kind: str) -> str:
    return f'<button class="btn {kind}">{_text(label)}</button>'


def _page(sight: Sight, words: Words, language: str, parts: list[str]) -> str:
    return "".join(_document(sight, words, language, parts))


def _document(sight: Sight, words: Words, language: str, parts: list[str]) -> Iterator[str]:
    other = "en" if language == "fr" else "fr"
    yield f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark"><link rel="stylesheet" href="/hands.css">'
    yield f"<title>{_text(words['title'])} · {_text(sight.store or 'Enseigne')}</title></head>"
    yield f'<body><header><p class="plaque">{_text(sight.store or "Enseigne")}</p>'
    yield f'<a href="/?lang={other}" lang="{other}">{_text(words["other"])}</a></header><main>'
    yield from parts
    yield "</main></body></html>"


def _text(value: str) -> str:
    return escape(value, quote=True)
