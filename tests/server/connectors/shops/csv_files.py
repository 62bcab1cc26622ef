"""A shop that writes its prices into a table, which lies at an address."""

from __future__ import annotations

from datetime import datetime

from flask import Response
from flask.typing import ResponseReturnValue

from tests.server.connectors.shops.contract import GOODS, Ability, Call, SetUp
from tests.server.connectors.shops.serving import Served

COLUMNS = {
    "Réf": "id",
    "Désignation": "title",
    "Prix TTC": "price",
    "Promo": "sale_price",
    "Du": "sale_from",
    "Au": "sale_until",
}


class TableShop(Served):
    """The stand-in."""

    able = Ability()

    def __init__(self) -> None:
        super().__init__()
        self.rows = {sku: [euros(minor), "", "", ""] for sku, minor in GOODS.items()}
        self.app.get("/prix.csv")(self._table)

    def _table(self) -> ResponseReturnValue:
        lines = [";".join(COLUMNS)]
        lines += [";".join([sku, f"Article {sku}", *row]) for sku, row in self.rows.items()]
        return Response("\r\n".join(lines).encode("cp1252"), content_type="text/csv")

    def set_up(self) -> SetUp:
        config = {
            "shop": "pluvier",
            "url": f"{self.url}/prix.csv",
            "columns": COLUMNS,
            "decimal": ",",
        }
        return SetUp("csv", config)

    def opening(self, at: datetime) -> list[Call]:
        return []

    def price(self, sku: str, minor: int, at: datetime) -> list[Call]:
        self.rows[sku] = [euros(minor), "", "", ""]
        return []

    def sale(
        self, sku: str, minor: int, begin: datetime, end: datetime, at: datetime
    ) -> list[Call]:
        self.rows[sku][1:] = [euros(minor), begin.isoformat(), end.isoformat()]
        return []

    def blank(self, sku: str, at: datetime) -> list[Call]:
        self.rows[sku] = ["", "", "", ""]
        return []

    def delete(self, sku: str, at: datetime) -> list[Call]:
        del self.rows[sku]
        return []

    def stock(self, sku: str, store: str, pieces: int, at: datetime) -> list[Call]:
        raise NotImplementedError("This table has no stores.")


def euros(minor: int) -> str:
    return f"{minor // 100},{minor % 100:02}"
