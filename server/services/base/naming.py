"""What products are called, in the language of whoever reads; and people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.models import ActorRow, ProductRow
from server.services.base.actors import SYSTEM
from server.services.base.kept import MAX_IN, batched

Names = Mapping[str, Mapping[str, str]]
"""By language what the shop says of a product: its `name`, its `lead`."""


def said_in(texts: Mapping[str, Mapping[str, str]], language: str) -> Mapping[str, str]:
    """The texts of a language, of its base, or of the first by name that says anything."""
    for name in (language, language.partition("-")[0], *sorted(texts)):
        if texts.get(name):
            return texts[name]
    return {}


def name_in(names: Names, language: str, sku: str) -> str:
    """The name in this language, else in another, else the SKU."""
    return said_in(names, language).get("name") or sku


def names_of(session: Session, skus: Collection[str]) -> dict[str, Names]:
    """What the shops say of these products, by SKU; those that no shop names are left out."""
    found: dict[str, Names] = {}
    for some in batched(sorted(set(skus)), MAX_IN):
        rows = select(ProductRow.sku, ProductRow.names).where(ProductRow.sku.in_(some))
        found.update((row.sku, row.names) for row in session.execute(rows))
    return found


def names_of_people(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """People's names by their ids."""
    found: dict[str, str] = {SYSTEM.id: SYSTEM.name}
    for some in batched(sorted(set(ids)), MAX_IN):
        rows = select(ActorRow.id, ActorRow.name).where(ActorRow.id.in_(some))
        found.update(session.execute(rows).all())
    return found
