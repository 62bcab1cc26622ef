"""What all shapes of the API share: strict reading, problems, pages."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

MAX_MS = 2**53 - 1

Id = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
        description="1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit.",
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Ms = Annotated[int, Field(ge=0, le=MAX_MS, description="Unix milliseconds, UTC.")]
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=64)]
Version = Annotated[int, Field(description="Grows with each edit; the ETag is made of it.")]


Stretch = Annotated[
    list[Annotated[int, Field(ge=0, le=1_440)]],
    Field(min_length=2, max_length=2, description="Two minutes of a day, from its midnight."),
]


def by_key(*keys: str) -> Discriminator:
    """Choose the branch of a union by the key that is there, so that a typo in one branch is not
    answered with the complaints of all. Branches bear the keys' names, capitalised, as Tag.
    """

    def chosen(value: Any) -> str | None:
        if isinstance(value, BaseModel):
            fields = type(value).model_fields.items()
            value = {field.alias or name: None for name, field in fields}
        found = (key.title() for key in keys if isinstance(value, dict) and key in value)
        return next(found, None)

    return Discriminator(
        chosen,
        custom_error_type="one_of",
        custom_error_message=f"Give an object with one of: {', '.join(keys)}",
    )


def by_type(*types: type) -> Discriminator:
    """The same for plain values: branches bear the types' names, capitalised, as Tag."""
    said = {int: "a whole number", str: "a text", bool: "true or false"}

    def chosen(value: Any) -> str | None:
        return type(value).__name__.title() if type(value) in types else None

    return Discriminator(
        chosen,
        custom_error_type="one_of",
        custom_error_message=f"Give {' or '.join(said[one] for one in types)}",
    )


Scalar = Annotated[
    Annotated[int, Tag("Int")]
    | Annotated[bool, Tag("Bool")]
    | Annotated[str, Field(max_length=200), Tag("Str")],
    by_type(int, bool, str),
]
"""The value of a fact."""


class Shape(BaseModel):
    """A JSON object with these members and no others."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class Fault(Shape):
    """One faulty field."""

    field: str
    message: str


class Problem(Shape):
    """An error (RFC 9457). `title` says what is wrong and what to do; `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    request_id: str
    field: str = ""
    errors: list[Fault] = []


class PageQuery(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="ignore")

    after: Annotated[
        str, Field(max_length=1000, description="`next` of the page before; empty: the first page.")
    ] = ""
    limit: Annotated[int | None, Field(ge=1, le=200, description="Rows.")] = None


def given(body: BaseModel) -> dict[str, Any]:
    """The members that the caller sent, in the domain's own JSON."""
    return body.model_dump(by_alias=True, exclude_unset=True)
