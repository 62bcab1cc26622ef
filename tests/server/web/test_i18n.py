"""Every sentence of the studio is there in French and in English."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale

from server.web import i18n

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def french(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue of two areas."""
    folder = tmp_path / "fr"
    folder.mkdir()
    (folder / "one.po").write_text('msgid "Hello %(name)s"\nmsgstr "Bonjour %(name)s"\n')
    (folder / "two.po").write_text(
        'msgid "%(num)d screen"\nmsgid_plural "%(num)d screens"\n'
        'msgstr[0] "%(num)d écran"\nmsgstr[1] "%(num)d écrans"\n'
    )
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    i18n.translations.cache_clear()
    yield
    i18n.translations.cache_clear()


@pytest.mark.parametrize(
    ("tongue", "said"),
    [
        ("fr", "Bonjour &lt;b&gt;, 0 écran, 2 écrans"),
        ("en", "Hello &lt;b&gt;, 0 screens, 2 screens"),
    ],
)
def test_a_page_speaks_the_readers_language_and_escapes_names(
    french: None, tongue: str, said: str
) -> None:
    app = Flask(__name__)
    i18n.set_up(app)
    page = (
        "{{ _('Hello %(name)s', name='<b>') }}, "
        "{{ ngettext('%(num)d screen', '%(num)d screens', 0) }}, "
        "{{ ngettext('%(num)d screen', '%(num)d screens', 2) }}"
    )
    with app.test_request_context("/"), force_locale(tongue):
        assert render_template_string(page) == said


def test_no_sentence_lacks_its_french_and_none_is_left_over() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/words.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
