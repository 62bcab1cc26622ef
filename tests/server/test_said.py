"""Errors speak French to whoever reads it: in the studio by its language, in the API by header."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from server.app import create_app
from server.said import FOLDER, PART, said
from server.services.base.context import Context

ROOT = Path(__file__).resolve().parents[2]


def catalogue() -> dict[str, str]:
    """Every sentence with its French."""
    with (FOLDER / "fr/errors.po").open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file, locale="fr") if one.id}


def test_every_sentence_is_found_again_with_its_parts_filled_in() -> None:
    for message, french in catalogue().items():
        parts = {name: f"«{at}»" for at, name in enumerate(PART.findall(message))}

        def filled(text: str, parts: dict[str, str] = parts) -> str:
            return PART.sub(lambda part: parts[part[1]], text)

        assert said(filled(message), "fr") == filled(french), message
        assert said(filled(message), "en") == filled(message)


def test_what_nobody_knows_is_said_as_it_is() -> None:
    assert said("Nobody wrote this down.", "fr") == "Nobody wrote this down."


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ({"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.5"}, "Connectez-vous, ou envoyez un jeton"),
        ({"Accept-Language": "de"}, "Sign in, or send a token"),
        ({}, "Sign in, or send a token"),
    ],
    ids=["fr", "neither", "none"],
)
def test_the_api_speaks_english_unless_french_is_wanted(
    ctx: Context, asked: dict[str, str], title: str
) -> None:
    headers = {"Authorization": "Bearer ens_unknown", **asked}
    answer = create_app(ctx).test_client().get("/api/v1/screens", headers=headers)
    assert answer.status_code == 401
    assert answer.json["title"].startswith(title)  # type: ignore[index]
    assert "Accept-Language" in answer.headers["Vary"]


def test_a_sentence_is_read_from_the_code_however_it_is_given(tmp_path: Path) -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import error_sentences
    finally:
        sys.path.pop(0)
    for name in error_sentences.FILES:
        (tmp_path / "playlists").mkdir(exist_ok=True)
        (tmp_path / f"playlists/{name}.py").touch()
    for name in error_sentences.SOURCES:
        source = tmp_path / f"server/connectors/{name}.py"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.touch()
    folder = tmp_path / "server/services"
    folder.mkdir(parents=True)
    (folder / "one.py").write_text(
        'LATE = "Too late."\n'
        "def check(n, wrong):\n"
        "    if n:\n"
        '        message = f"At most {MOST} of {len(n.files)}."\n'
        "        raise BadInput(message)\n"
        '    raise Conflict(LATE) if n else NotFound("No " "more.")\n'
        "def refuse(text):\n"
        "    raise BadInput(text)\n"
        'refuse("By hand.")\n'
        "def unreadable(n):\n"
        "    raise BadInput(n + n)\n"
    )
    found = error_sentences.read(tmp_path)
    assert set(found.sentences) == {
        *("Too late.", "At most %(most)s of %(n)s.", "No more.", "By hand.")
    }
    assert found.unclear == ["server/services/one.py:11"]
