"""Sentences in the reader's language, typed: English as written, French from the catalogues."""

from __future__ import annotations

import flask_babel

from server import said as errors


def gettext(message: str, **values: object) -> str:
    """A sentence, its `%(name)s` filled in."""
    return str(flask_babel.gettext(message, **values))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """A sentence that counts; `%(num)s` is the number."""
    return str(flask_babel.ngettext(one, many, number, **values))


def said(message: str) -> str:
    """An error's sentence, as it was raised, in the reader's language."""
    locale = flask_babel.get_locale()
    return errors.said(message, locale.language if locale is not None else "en")
