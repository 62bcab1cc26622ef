"""What a version of the page is called."""

from __future__ import annotations

from playlists.ids import Sha256, sha256
from playlists.wire.page_tree import files_of_tree, page_kind, page_tree, page_version

FILES = {"main.js": sha256(b"a"), "look/fonts/one.woff2": sha256(b"b")}


def test_a_tree_names_what_the_page_is_made_of_and_nothing_else() -> None:
    tree = page_tree({**FILES, "engine/LICENSE": sha256(b"c"), "notes.md": sha256(b"d")})
    assert files_of_tree(tree) == FILES
    assert page_kind("main.js") == "text/javascript; charset=utf-8"
    assert page_kind("engine/LICENSE") is None


def test_a_version_is_the_same_in_any_order_and_another_for_any_change() -> None:
    version = page_version(FILES)
    assert version == page_version(dict(reversed(FILES.items()))) == sha256(page_tree(FILES))
    changed: list[dict[str, Sha256]] = [
        {**FILES, "main.js": sha256(b"x")},
        {**FILES, "new.css": sha256(b"a")},
        {"main.js": FILES["main.js"]},
        {"moved.js": FILES["main.js"], "look/fonts/one.woff2": FILES["look/fonts/one.woff2"]},
    ]
    assert version not in {page_version(files) for files in changed}
