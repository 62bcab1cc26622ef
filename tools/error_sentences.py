"""The sentences of errors as they stand in the code, so that none of them lacks its French.

An error is raised with its sentence written out: a string, an f-string, or a name that one of these
was given to just before (in the function, in its module as a constant, or by who called it). An
f-string `f"At most {most} files."` becomes the message `At most %(most)s files.`
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ERRORS = frozenset(
    {
        *("BadInput", "Unauthenticated", "Forbidden", "NotFound", "Conflict", "Stale"),
        *("MissingPrecondition", "TooLarge", "Away", "TooMany", "ServerError"),
        *("Invalid", "TemporaryError", "AwaitedError", "PermanentError"),
    }
)
"""Calls of these take the sentence first."""

FOLDERS = (
    "server/services",
    "server/web",
    *(f"playlists/{part}" for part in ("model_json", "resolving")),
)
FILES = ("condition_json", "facts", "fields", "localtime", "recurrence", "schedule_json")
"""Of playlists/: what a wish is refused by."""
SOURCES = (
    *("addresses", "body", "http", "vendor", "footfall/http", "tills/till", "weather/open_meteo"),
    *(
        f"shops/{name}"
        for name in (
            *("columns", "csv_files", "feed", "goods", "jsonld", "merchant", "rows", "site"),
            *("table", "xml_feed", "shopify", "shopify_admin", "webhook"),
            *("prestashop", "prestashop_read"),
            *("woocommerce", "woocommerce_api", "woocommerce_read"),
        )
    ),
)
"""Of server/connectors/: what a source's page says of shops, files, tills and the weather."""
MACHINES = (
    "server/services/keeping/",
    "server/services/connectors/calls.py",
    *(f"server/services/base/{part}.py" for part in ("once", "keys", "objects")),
    *(
        f"server/services/screens/{part}.py"
        for part in ("delivery", "devices", "playback", "proof")
    ),
)
"""What speaks to programs, players and the console alone: English will do."""


@dataclass
class Found:
    """Sentences with a place where each stands, and the places where none can be read."""

    sentences: dict[str, str] = field(default_factory=dict)
    unclear: list[str] = field(default_factory=list)


def read(root: Path) -> Found:
    """Every sentence that a person may be refused by, of the code under `root`."""
    paths = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))]
    paths += [root / f"playlists/{name}.py" for name in FILES]
    paths += [root / f"server/connectors/{name}.py" for name in SOURCES]
    modules = [
        _Module(path.relative_to(root), ast.parse(path.read_text()))
        for path in paths
        if not path.relative_to(root).as_posix().startswith(MACHINES)
    ]
    constants: dict[str, list[ast.expr]] = {}
    for module in modules:
        for name, value in module.constants.items():
            constants.setdefault(name, []).append(value)
    found = Found()
    for module in modules:
        module.collect(constants, found)
    return found


class _Module:
    def __init__(self, path: Path, tree: ast.Module) -> None:
        self._path, self._tree = path, tree
        # What a configuration is refused with is a ValueError, that pydantic hands on.
        of_source = path.as_posix().startswith("server/connectors/")
        self._errors = ERRORS | {"ValueError"} if of_source else ERRORS
        self._parents = {
            child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
        }
        self.constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id.isupper() and _is_text(node.value)
        }

    def collect(self, constants: dict[str, list[ast.expr]], found: Found) -> None:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and node.args and self._is_error(node):
                place = f"{self._path}:{node.lineno}"
                for value in self._values(node.args[0], node, constants):
                    if value is None:
                        found.unclear.append(place)
                    else:
                        found.sentences.setdefault(_message(value), place)

    def _is_error(self, call: ast.Call) -> bool:
        """Whether a call makes an error: by its name, or as the beginning of a kind of one."""
        if self._name(call.func) in self._errors:
            return True
        if self._name(call.func) != "__init__" or not _is_text(call.args[0]):
            return False
        here: ast.AST | None = call
        while here is not None and not isinstance(here, ast.ClassDef):
            here = self._parents.get(here)
        return here is not None and any(self._name(base) in ERRORS for base in here.bases)

    def _values(
        self, value: ast.expr, at: ast.AST, constants: dict[str, list[ast.expr]]
    ) -> Iterator[ast.expr | None]:
        """What an expression says: text as it is written; None where that cannot be read."""
        if _is_text(value):
            yield value
        elif isinstance(value, ast.IfExp):
            yield from self._values(value.body, at, constants)
            yield from self._values(value.orelse, at, constants)
        elif isinstance(value, ast.Name) and not value.id.isupper():
            yield from self._given(value.id, at, constants)
        elif isinstance(value, ast.Name | ast.Attribute):
            name = self._name(value)
            own = self.constants.get(name)
            known = [own] if own is not None else constants.get(name, [])
            yield from known
            if not known and name != "message":  # what another error said
                yield None
        elif not (isinstance(value, ast.Call | ast.Subscript)):  # what another error said
            yield None

    def _given(
        self, name: str, at: ast.AST, constants: dict[str, list[ast.expr]]
    ) -> Iterator[ast.expr | None]:
        """What a variable was given in its function, or a parameter by those who call it."""
        function = self._function(at)
        if function is None:
            yield None
            return
        given = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        ]
        for value in given:
            yield from self._values(value, at, constants)
        names = [one.arg for one in function.args.args]
        if given or name not in names:
            if not given:
                yield None
            return
        at_place = names.index(name)
        for call in ast.walk(self._tree):
            if not isinstance(call, ast.Call) or self._name(call.func) != function.name:
                continue
            if len(call.args) > at_place:
                yield from self._values(call.args[at_place], call, constants)

    def _function(self, at: ast.AST) -> ast.FunctionDef | None:
        here: ast.AST | None = at
        while here is not None and not isinstance(here, ast.FunctionDef):
            here = self._parents.get(here)
        return here

    @staticmethod
    def _name(node: ast.expr) -> str:
        if isinstance(node, ast.Attribute):
            return node.attr
        return node.id if isinstance(node, ast.Name) else ""


def _is_text(value: ast.expr) -> bool:
    plain = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return plain or isinstance(value, ast.JoinedStr)


def _message(value: ast.expr) -> str:
    """The text with a place held for each part: `%(name)s`, named after what stands there."""
    if isinstance(value, ast.Constant):
        return str(value.value)
    assert isinstance(value, ast.JoinedStr)
    said, names = "", set[str]()
    for part in value.values:
        if isinstance(part, ast.Constant):
            said += str(part.value)
            continue
        assert isinstance(part, ast.FormattedValue)
        words = [
            node for node in ast.walk(part.value) if isinstance(node, ast.Name | ast.Attribute)
        ]
        last = words[-1] if words else None
        name = (last.attr if isinstance(last, ast.Attribute) else last.id if last else "it").lower()
        name = name.strip("_")
        while name in names:
            name += "_"
        names.add(name)
        said += f"%({name})s"
    return said
