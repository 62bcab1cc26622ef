"""Edits of a draft as small operations, each with the operation that takes it back. Pure.

    {"op": "set", "path": "items/rain/duration_ms", "value": 12000, "was": 10000}
    {"op": "add", "path": "items", "id": "rain", "after": "sun", "value": {..}}
    {"op": "remove", "path": "items", "id": "rain"}
    {"op": "move", "path": "items", "id": "rain", "after": null}

A path names keys; below a list, the id of one of its members. `after` null is the beginning. A
`set` without a value takes the key away; with `was` it is refused unless the value is that one
still. So two people who edit different things never meet, and who edits the same thing is told.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from server.errors import BadInput, Conflict

Body = dict[str, Any]
Op = Mapping[str, Any]

MAX_DEPTH = 12
"""Keys that one path may name."""
_KEYS = {
    "set": {"op", "path", "value", "was"},
    "add": {"op", "path", "id", "after", "value"},
    "remove": {"op", "path", "id"},
    "move": {"op", "path", "id", "after"},
}
_ABSENT = object()


def apply(body: Mapping[str, Any], op: Op) -> tuple[Body, Op]:
    """The body after `op`, and the operation that takes it back; `body` itself stays.

    Raises BadInput (no such operation), Conflict (what it names is gone, or is another by now).
    """
    kind = op.get("op")
    known = _KEYS.get(kind) if isinstance(kind, str) else None
    if known is None or not known >= op.keys() or not isinstance(op.get("path"), str):
        raise BadInput("There is no such edit.", field="op")
    changed: Body = copy.deepcopy(dict(body))
    if kind == "set":
        return changed, _set(changed, op)
    found = _at(changed, _keys(op["path"]))
    if not isinstance(found, list):
        raise _gone()
    if kind == "add":
        return changed, _add(found, op)
    if kind == "remove":
        return changed, _remove(found, op)
    return changed, _move(found, op)


def _set(body: Body, op: Op) -> Op:
    *way, last = _keys(op["path"])
    owner = _at(body, way)
    if not isinstance(owner, dict):
        raise _gone()
    old = owner.get(last, _ABSENT)
    if "was" in op and op["was"] != (None if old is _ABSENT else old):
        raise Conflict(
            "Someone changed this in the meantime. Look at it again, then change it.",
            code="changed_meanwhile",
        )
    new = op.get("value")
    if new is None:
        owner.pop(last, None)
    else:
        owner[last] = copy.deepcopy(new)
    back = {"op": "set", "path": op["path"], "was": new}
    return back if old is _ABSENT else {**back, "value": old}


def _add(members: list[Any], op: Op) -> Op:
    name, value = op.get("id"), op.get("value")
    if not isinstance(name, str) or not isinstance(value, Mapping):
        raise BadInput("An addition has an id and a value.", field="value")
    if any(member.get("id") == name for member in members):
        raise Conflict("This is there already.", code="there_already")
    members.insert(_after(members, op), {**copy.deepcopy(dict(value)), "id": name})
    return {"op": "remove", "path": op["path"], "id": name}


def _remove(members: list[Any], op: Op) -> Op:
    at = _index(members, op.get("id"))
    gone = members.pop(at)
    return {
        "op": "add",
        "path": op["path"],
        "id": gone["id"],
        "after": members[at - 1]["id"] if at else None,
        "value": gone,
    }


def _move(members: list[Any], op: Op) -> Op:
    at = _index(members, op.get("id"))
    if op.get("after") == op.get("id"):
        raise BadInput("Nothing stands after itself.", field="after")
    before = members[at - 1]["id"] if at else None
    member = members.pop(at)
    members.insert(_after(members, op), member)
    return {"op": "move", "path": op["path"], "id": op["id"], "after": before}


def _after(members: list[Any], op: Op) -> int:
    """Where to insert. Behind a neighbour that is gone by now is the end."""
    after = op.get("after")
    if after is None:
        return 0
    return next(
        (i + 1 for i, member in enumerate(members) if member.get("id") == after), len(members)
    )


def _index(members: list[Any], name: object) -> int:
    for index, member in enumerate(members):
        if member.get("id") == name:
            return index
    raise _gone()


def _keys(path: str) -> list[str]:
    keys = path.split("/")
    if not all(keys) or len(keys) > MAX_DEPTH:
        raise BadInput("This path names nothing.", field="path")
    return keys


def _at(value: Any, keys: list[str]) -> Any:
    """What a path leads to. Ways through objects that are not there yet are made."""
    for key in keys:
        if isinstance(value, list):
            value = value[_index(value, key)]
        elif isinstance(value, dict):
            value = value.setdefault(key, [] if key == "items" else {})
        else:
            raise _gone()
    return value


def _gone() -> Conflict:
    return Conflict("Someone took this away in the meantime.", code="gone_meanwhile")
