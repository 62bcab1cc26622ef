"""Every phrase is there in both languages, with the same gaps, and is said somewhere."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from server.web import phrases
from server.web.phrases import PHRASES, counted, say, sentence

WEB = Path(phrases.__file__).parent
SAID = re.compile(r"""(?:say|_say|counted)\(\s*f?["']([a-z_]+)["']""")


def gaps(text: str) -> set[str]:
    """The names that a phrase leaves open."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same() -> None:
    for key, phrase in PHRASES.items():
        assert phrase.fr.strip(), key
        assert phrase.en.strip(), key
        assert gaps(phrase.fr) == gaps(phrase.en), key
        assert "!" not in phrase.fr + phrase.en, key
        assert not re.search(r" [?%€»:]|« ", phrase.fr), f"{key}: a no-break space goes there"
        assert "'" not in phrase.fr, key


def test_what_is_said_is_there_and_what_is_there_is_said() -> None:
    files = [*WEB.glob("*.py"), *WEB.glob("templates/*.html")]
    texts = {file.name: file.read_text() for file in files}
    source = "\n".join(texts[name] for name in sorted(texts) if not name.endswith("phrases.py"))
    for key in SAID.findall(source):
        assert (
            key in PHRASES
            or f"{key}_one" in PHRASES
            or f"{key}_many" in PHRASES
            or any(known.startswith(key) for known in PHRASES)
        ), key
    words = set(re.findall(r"[a-z][a-z_]+", source))
    made = tuple(re.findall(r"""["']([a-z]+_)(?:\{|["'] ~)""", source))
    for key in PHRASES:
        base = re.sub(r"_(one|many)$", "", key)
        assert base in words or key.startswith(made), f"{key} is never said"


def test_numbers_in_words_up_to_twelve() -> None:
    assert counted("head_offline", 1, "en") == "one is offline"
    assert counted("head_offline", 12, "fr") == "douze sont hors ligne"
    assert counted("head_offline", 13, "en") == "13 are offline"
    assert sentence("one is offline") == "One is offline"


def test_a_phrase_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        say("nothing_like_it", "en")
