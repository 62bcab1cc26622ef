"""The QR code of a promotion: of its product's page, of an address of one's own, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from media import qr
from server.db.models import AssetRow
from server.errors import BadInput
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.prices import intake
from server.services.promoting import codes, promotions
from server.services.promoting.codes import Code
from server.services.promoting.forms import CALL, Form

PAGES = {sku: f"https://pluvier.example/p/{sku.lower()}" for sku in ("CAP", "KITE")}
MINE = "https://pluvier.example/ete"
PLAIN = Form("Sans lien", skus=("BAG",))
CAP = Form("La casquette", skus=("CAP",))


@pytest.fixture
def ctx(ctx: Context) -> Context:
    reports = tuple(
        ProductReport(sku, "EUR", 900, names={"fr": {"name": sku}}, link=page)
        for sku, page in PAGES.items()
    )
    intake.take(ctx, intake.Source("feed", shop="pluvier"), Batch(ctx.clock(), products=reports))
    return ctx


def drawn(ctx: Context, form: Form) -> bytes:
    """The drawing of a form's code, as screens get it."""
    with ctx.media.local_copy(form.qr) as file:
        return file.read_bytes()


def test_a_promotion_begins_with_the_code_of_its_products_page(ctx: Context) -> None:
    form = codes.begun(ctx, SYSTEM, CAP)
    assert drawn(ctx, form) == qr.svg(PAGES["CAP"])
    assert form.texts["cta"] == CALL
    assert codes.code_of(ctx, SYSTEM, form) == Code("page", "", PAGES["CAP"])


@pytest.mark.parametrize("form", [PLAIN, Form("Deux", "trio", ("CAP", "KITE"))])
def test_without_one_product_and_its_page_there_is_no_code(ctx: Context, form: Form) -> None:
    assert codes.begun(ctx, SYSTEM, form) == form
    assert codes.code_of(ctx, SYSTEM, form) == Code("none", "", "")


def test_another_product_changes_the_code(ctx: Context) -> None:
    made = promotions.begin(ctx, SYSTEM, codes.begun(ctx, SYSTEM, CAP))
    other = promotions.rebind(ctx, SYSTEM, made.id, ["KITE"])
    assert drawn(ctx, other.form) == qr.svg(PAGES["KITE"])
    assert promotions.rebind(ctx, SYSTEM, made.id, ["BAG"]).form.qr == ""
    assert promotions.undo(ctx, SYSTEM, made.id).form == other.form


def test_a_code_that_was_left_out_stays_out(ctx: Context) -> None:
    form = codes.coded(ctx, SYSTEM, codes.begun(ctx, SYSTEM, CAP), "none")
    made = promotions.begin(ctx, SYSTEM, form)
    assert codes.code_of(ctx, SYSTEM, made.form).kind == "none"
    assert promotions.rebind(ctx, SYSTEM, made.id, ["KITE"]).form.qr == ""


def test_an_address_of_ones_own_goes_on_air(ctx: Context) -> None:
    form = codes.coded(ctx, SYSTEM, CAP, "own", MINE)
    assert codes.code_of(ctx, SYSTEM, form) == Code("own", MINE, PAGES["CAP"])
    made = promotions.begin(ctx, SYSTEM, form)
    promotions.put_on_air(ctx, SYSTEM, made.id)
    assert promotions.read(ctx, SYSTEM, made.id).form.qr == form.qr
    assert drawn(ctx, form) == qr.svg(MINE)


def test_a_code_whose_drawing_was_named_anew_stays(ctx: Context) -> None:
    form = codes.coded(ctx, SYSTEM, CAP, "own", MINE)
    with ctx.db.write() as session:
        session.get_one(AssetRow, form.qr).name = "https://pluvier.example/hiver"
    assert codes.code_of(ctx, SYSTEM, form) == Code("own", "", PAGES["CAP"])
    assert codes.coded(ctx, SYSTEM, form, "own") == form


@pytest.mark.parametrize(
    "address", ["", "pluvier", "javascript:alert(1)", "https://a b", "x" * 301]
)
def test_what_is_no_address_is_refused_beside_its_field(ctx: Context, address: str) -> None:
    with pytest.raises(BadInput) as refused:
        codes.coded(ctx, SYSTEM, CAP, "own", address)
    assert (refused.value.code, refused.value.field) == ("bad_address", "address")


def test_a_template_without_a_code_offers_the_page_for_when_another_is_chosen(ctx: Context) -> None:
    form = replace(codes.begun(ctx, SYSTEM, CAP), template="trio")
    assert codes.coded(ctx, SYSTEM, form, "page").qr == ""
    assert codes.code_of(ctx, SYSTEM, replace(form, qr="")).kind == "page"
