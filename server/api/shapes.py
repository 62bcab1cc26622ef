"""What all shapes of the API share: strict reading, problems, pages."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

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
