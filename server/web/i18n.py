"""The studio's words in the reader's language: English as written in the code, French from the
catalogues of `translations/fr`, one .po file an area, read as they are.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask
from flask_babel import Babel, Domain, get_locale

from server.web.access import language

FOLDER = Path(__file__).parent / "translations"


class Catalogues(Domain):  # type: ignore[misc]  # the library has no types
    """All areas' catalogues of the request's language."""

    def get_translations(self) -> NullTranslations:
        """What gettext asks; English needs none."""
        locale = get_locale()
        return translations(locale.language if locale is not None else "en")


class _Studio(Babel):  # type: ignore[misc]
    """Flask-Babel with our catalogues."""

    domain_instance = Catalogues()


@cache
def translations(tongue: str) -> NullTranslations:
    """The catalogues of a language as one; nothing translated where there are none."""
    whole = Catalog(tongue)
    for path in sorted((FOLDER / tongue).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=tongue):
                if message.id and message.string:
                    whole[message.id] = message
    if not len(whole):
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translations(compiled)


def set_up(app: Flask) -> None:
    """Give templates `_`, `gettext` and `ngettext` in the reader's language."""
    _Studio(app, locale_selector=language, default_timezone="UTC")
