"""A condition as JSON, for the record and the API, and what is refused of one that a person wrote.

One member names the kind: `{"all": [..]}`, `{"any": [..]}`, `{"not": {..}}`,
`{"compare": {"fact": "weather.rain:{store}", "op": ">=", "value": 5}}`,
`{"within": {"fact": "footfall:{place}@{store}", "low": 0, "high": 20}}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

from playlists.conditions import ORDERS, All, Any, Compare, Condition, Not, Op, Within
from playlists.errors import Invalid
from playlists.facts import FactKey, FactValue, fact_key
from playlists.fields import MAX_WHOLE, Fields
from playlists.ids import Json

MAX_DEPTH = 8
"""Levels of a condition; a comparison alone is one."""
MAX_LEAVES = 64
"""Comparisons, and empty groups, of one condition."""
MAX_VALUE_LENGTH = 200
"""Characters of a text that a fact is compared with."""

_OPS: tuple[Op, ...] = get_args(Op)
_PLACEHOLDER = re.compile(r"\{(store|place)\}")


def validate_condition(condition: Condition, path: str = "") -> None:
    """Check every part. Raises Invalid with the field's path, like `all/0/compare/value`."""
    if _validate(condition, path, 1) > MAX_LEAVES:
        raise Invalid(f"At most {MAX_LEAVES} comparisons and empty groups.", path)


def condition_to_json(condition: Condition) -> dict[str, Json]:
    """The JSON form; `condition_from_json` gives the same condition back."""
    if isinstance(condition, All | Any):
        kind = "all" if isinstance(condition, All) else "any"
        return {kind: [condition_to_json(part) for part in condition.parts]}
    if isinstance(condition, Not):
        return {"not": condition_to_json(condition.part)}
    if isinstance(condition, Within):
        low, high = condition.low, condition.high
        return {"within": {"fact": condition.fact, "low": low, "high": high}}
    fact, op, value = condition.fact, condition.op, condition.value
    return {"compare": {"fact": fact, "op": op, "value": value}}


def condition_from_json(value: object, path: str = "") -> Condition:
    """Read and validate the JSON form. Raises Invalid with the field's path."""
    condition = _read(value, path, 1)
    validate_condition(condition, path)
    return condition


def _validate(condition: Condition, path: str, depth: int) -> int:
    """How many comparisons and empty groups there are."""
    _check_depth(depth, path)
    at = Fields({}, path).at
    if isinstance(condition, Not):
        return _validate(condition.part, at("not"), depth + 1)
    if isinstance(condition, Within):
        _check_key(condition.fact, at("within/fact"))
        _check_whole(condition.low, at("within/low"))
        _check_whole(condition.high, at("within/high"))
        if condition.low > condition.high:
            raise Invalid("The low end lies over the high end.", at("within/low"))
        return 1
    if isinstance(condition, Compare):
        _check_key(condition.fact, at("compare/fact"))
        _check_value(condition, at("compare/value"))
        return 1
    name = at("all" if isinstance(condition, All) else "any")
    parts = enumerate(condition.parts)
    return sum(_validate(part, f"{name}/{index}", depth + 1) for index, part in parts) or 1


def _check_depth(depth: int, path: str) -> None:
    if depth > MAX_DEPTH:
        raise Invalid(f"At most {MAX_DEPTH} levels may stand inside each other.", path)


def _check_key(key: FactKey, path: str) -> None:
    fact_key(key, path)
    if re.search(r"[{}]", _PLACEHOLDER.sub("", key)):
        raise Invalid("Only {store} and {place} may stand in braces.", path)


def _check_value(compare: Compare, path: str) -> None:
    if compare.op in ORDERS and type(compare.value) is not int:
        raise Invalid(f"{compare.op} compares whole numbers only. Use == or !=.", path)
    if isinstance(compare.value, str):
        if len(compare.value) > MAX_VALUE_LENGTH:
            raise Invalid(f"At most {MAX_VALUE_LENGTH} characters.", path)
    else:
        _check_whole(compare.value, path)


def _check_whole(value: int, path: str) -> None:
    if abs(value) > MAX_WHOLE:
        raise Invalid(f"A whole number from {-MAX_WHOLE} to {MAX_WHOLE} is needed.", path)


def _read(value: object, path: str, depth: int) -> Condition:
    _check_depth(depth, path)
    fields = Fields.of(value, path)
    kind = next(iter(fields.raw), "")
    if len(fields.raw) != 1 or kind not in _READERS:
        raise Invalid(f"Give exactly one of {', '.join(_READERS)}.", path)
    return _READERS[kind](fields, depth)


def _parts(fields: Fields, name: str, depth: int) -> tuple[Condition, ...]:
    items = fields.items(name, MAX_LEAVES)
    return tuple(_read(inner, at, depth + 1) for at, inner in items)


def _read_not(fields: Fields, depth: int) -> Condition:
    return Not(_read(fields.value("not"), fields.at("not"), depth + 1))


def _read_compare(fields: Fields, _depth: int) -> Condition:
    inner = _exactly(fields.fields("compare"), "fact", "op", "value")
    return Compare(FactKey(inner.text("fact")), _op(inner), _value(inner))


def _read_within(fields: Fields, _depth: int) -> Condition:
    inner = _exactly(fields.fields("within"), "fact", "low", "high")
    low, high = inner.whole("low", -MAX_WHOLE), inner.whole("high", -MAX_WHOLE)
    return Within(FactKey(inner.text("fact")), low, high)


_READERS: dict[str, Callable[[Fields, int], Condition]] = {
    "all": lambda fields, depth: All(_parts(fields, "all", depth)),
    "any": lambda fields, depth: Any(_parts(fields, "any", depth)),
    "not": _read_not,
    "compare": _read_compare,
    "within": _read_within,
}


def _exactly(fields: Fields, *names: str) -> Fields:
    if set(fields.raw) != set(names):
        raise Invalid(f"Give exactly {', '.join(names)}.", fields.path)
    return fields


def _op(fields: Fields) -> Op:
    for op in _OPS:
        if fields.value("op") == op:
            return op
    raise Invalid(f"Use one of {' '.join(_OPS)}.", fields.at("op"))


def _value(fields: Fields) -> FactValue:
    value = fields.value("value")
    if not isinstance(value, int | str):
        raise Invalid("A whole number, a text, true or false is needed.", fields.at("value"))
    return value
