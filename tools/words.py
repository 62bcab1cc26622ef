"""Keep the studio's French beside its English: `.venv/bin/python tools/words.py`

Finds every sentence that templates and code mark for translation (`_`, `gettext`, `ngettext`) and
every sentence that an error is raised with, and adds what is missing to
server/web/translations/fr/new.po, to be translated and moved to its area's file; the sentences of
errors to errors.po. `--check` writes nothing and fails where a sentence lacks its French, or French
its sentence.
"""

import sys
from pathlib import Path

import error_sentences  # type: ignore[import-not-found]  # it lies beside this script
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "server/web"
FRENCH = WEB / "translations/fr"
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}

ERRORS = "errors.po"

Message = str | tuple[str, ...]


def used() -> dict[Message, str]:
    """Every marked sentence, with a place where it stands."""
    found: dict[Message, str] = {}
    rows = extract_from_dir(
        WEB,
        METHODS,
        {"**/templates/**.html": {"silent": "false"}},
        keywords=KEYWORDS,
        strip_comment_tags=True,
    )
    for file, line, message, _comments, _context in rows:
        found.setdefault(message, f"{file}:{line}")
    return found


def raised() -> dict[Message, str]:
    """Every sentence of an error, likewise. Ends where one cannot be read from the code."""
    found = error_sentences.read(ROOT)
    if found.unclear:
        sys.exit("Write the error's sentence out where it is raised: " + ", ".join(found.unclear))
    return dict(found.sentences)


def translated() -> dict[Message, set[str]]:
    """Every sentence that has its French, with the files that hold it. Ends where two differ."""
    found: dict[Message, tuple[object, set[str]]] = {}
    for path in sorted(FRENCH.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="fr", abort_invalid=True):
                if not message.id or not message.string or message.fuzzy:
                    continue
                key = message.id if isinstance(message.id, str) else tuple(message.id)
                before = found.setdefault(key, (message.string, set()))
                before[1].add(path.name)
                if before[0] != message.string:
                    sys.exit(f"{key!r} has two translations: {', '.join(sorted(before[1]))}.")
    return {key: name for key, (_, name) in found.items()}


def main() -> None:
    """Write what is missing, or say it."""
    marked, errors, there = used(), raised(), translated()
    wanted = marked | errors
    missing = [key for key in marked if key not in there]
    missing += [key for key in errors if ERRORS not in there.get(key, ()) and key not in missing]
    unused = [key for key in there if key not in wanted]
    if "--check" in sys.argv[1:]:
        for key in missing:
            print(f"{wanted[key]}: no French for {key!r}")
        for key in unused:
            print(f"{', '.join(sorted(there[key]))}: nothing says {key!r} any more")
        sys.exit(1 if missing or unused else 0)
    catalogue = Catalog("fr", header_comment="# Translate these, then move them to their area.")
    for key in missing:
        catalogue.add(key)
    path = FRENCH / "new.po"
    if missing:
        with path.open("wb") as file:
            write_po(file, catalogue, omit_header=True, width=100)
    elif path.exists() and not path.read_text().strip():
        path.unlink()
    print(f"{len(wanted)} sentences, {len(missing)} without French, {len(unused)} not used.")


if __name__ == "__main__":
    main()
