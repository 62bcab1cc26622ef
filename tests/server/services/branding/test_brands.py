"""The chain's brand: what it may say, how it goes out, what each store keeps of its own."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image
from sqlalchemy import select

from playlists.codec import decode_manifest
from server.db.models import AssetRow, BrandRow, HeadRow, StoreRow
from server.errors import BadInput, Forbidden
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.base.editing import StaleEdit
from server.services.base.objects import load_object
from server.services.branding import brands
from server.services.chain.brand_checks import check_brand, contrast_tenths, readings
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from tests.support.record import TestClock
from tests.support.small_shop import publish

RED = {"name": "Garance", "colour.price": "#b3261e", "type.sign": "fraunces"}


def worn(ctx: Context, store: str) -> dict[str, str]:
    with ctx.db.read() as session:
        row = session.get(StoreRow, store)
        assert row is not None
        return dict(row.brand)


def wear(ctx: Context, store: str, brand: dict[str, str]) -> None:
    with ctx.db.write() as session:
        row = session.get(StoreRow, store)
        assert row is not None
        row.brand = brand
        row.version += 1


def shown(ctx: Context) -> list[dict[str, str]]:
    """The brand of the plan that each head names, newest head last."""
    with ctx.db.read() as session:
        names = session.scalars(select(HeadRow.manifest).order_by(HeadRow.revision))
        return [dict(decode_manifest(load_object(session, name)).brand) for name in names]


def test_a_brand_goes_out_to_every_screen_and_past_plans_keep_theirs(ctx: Context) -> None:
    before = shown(ctx)
    assert brands.send_out(ctx, SYSTEM, RED, {"fr": "Nous disons vous."}) == 1
    publish(ctx)
    after = shown(ctx)
    assert after[: len(before)] == before
    assert all(RED.items() <= one.items() for one in after[-2:])
    assert brands.voice_of(ctx, "fr") == "Nous disons vous."
    assert brands.voice_of(ctx, "en") == ""


def test_a_store_keeps_what_is_its_own_and_follows_in_the_rest(ctx: Context) -> None:
    wear(ctx, "lille", {"name": "Pluvier", "slogan": "Dehors."})
    wear(ctx, "prado", {"name": "Pluvier", "slogan": "Au soleil."})
    brands.send_out(ctx, SYSTEM, {**RED, "slogan": "Ici."}, {})
    assert worn(ctx, "lille") == {**RED, "slogan": "Dehors."}
    assert worn(ctx, "prado") == {**RED, "slogan": "Au soleil."}
    own = {one.id: one.keys for one in brands.standing(ctx, SYSTEM).own}
    assert own == {"lille": ("slogan",), "prado": ("slogan",)}


def test_a_new_store_opens_in_the_chains_brand(ctx: Context) -> None:
    brands.send_out(ctx, SYSTEM, RED, {})
    create_store(ctx, SYSTEM, StoreWish("Nantes", "Europe/Paris", brand={"slogan": "LU"}), "nantes")
    assert worn(ctx, "nantes") == {**RED, "slogan": "LU"}


def test_former_brands_can_be_put_back(ctx: Context, clock: TestClock) -> None:
    brands.send_out(ctx, SYSTEM, {"name": "Un"}, {"fr": "Tu."})
    clock.advance(1_000)
    brands.send_out(ctx, SYSTEM, {"name": "Deux"}, {})
    assert [one.body["name"] for one in brands.standing(ctx, SYSTEM).former] == ["Un"]
    assert brands.put_back(ctx, SYSTEM, 1, if_version=2) == 3
    now = brands.standing(ctx, SYSTEM).brand
    assert (now.body, now.voice, worn(ctx, "lille")["name"]) == (
        {"name": "Un"},
        {"fr": "Tu."},
        "Un",
    )


def test_the_same_again_sends_nothing(ctx: Context) -> None:
    brands.send_out(ctx, SYSTEM, RED, {})
    assert brands.send_out(ctx, SYSTEM, {**RED, "slogan": "  "}, {}) == 1
    with ctx.db.read() as session:
        assert len(session.scalars(select(BrandRow)).all()) == 1


def test_two_who_change_it_at_once_are_told(ctx: Context) -> None:
    brands.send_out(ctx, SYSTEM, RED, {}, if_version=0)
    with pytest.raises(StaleEdit):
        brands.send_out(ctx, SYSTEM, {"name": "Autre"}, {}, if_version=0)


def test_who_has_only_some_stores_changes_no_brand(ctx: Context) -> None:
    with pytest.raises(Forbidden):
        brands.send_out(ctx, replace(SYSTEM, stores=frozenset({"lille"})), RED, {})


@pytest.mark.parametrize(
    ("brand", "field", "code"),
    [
        ({"colour.price": "red"}, "colour.price", "bad_colour"),
        ({"colour.price": "#777777"}, "colour.price", "low_contrast"),
        ({"colour.tide": "#fefefe"}, "colour.tide", "low_contrast"),
        ({"colour.ground": "#7d7d7d"}, "colour.ground", "low_contrast"),
        ({"colour.accent": "#06282f"}, "colour.accent", "low_contrast"),
        ({"type.sign": "comic"}, "type.sign", "bad_face"),
        ({"legal.fr": "Mangez des fruits."}, "legal.en", "one_language"),
        ({"legal.fr": "Dès 3 €", "legal.en": "x"}, "legal.fr", "typed_price"),
    ],
)
def test_what_a_brand_may_not_say(brand: dict[str, str], field: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_brand(brand)
    assert (refused.value.field, refused.value.code) == (f"brand/{field}", code)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast_tenths("#ffffff", "#000000") == 210
    assert contrast_tenths("#777777", "#ffffff") == 44
    plain = {(one.part, one.on): one for one in readings({})}
    assert all(one.enough for one in plain.values())
    assert not plain["price", "price"].light
    assert readings(RED)[0].light


@pytest.mark.parametrize("ground", ["#ffffff", "#e8e0d0", "#9db3bf"])
def test_a_light_ground_carries_dark_words_and_no_faint_accent(ground: str) -> None:
    brand = {"colour.ground": ground}
    check_brand(brand)
    found = {(one.part, one.on): one for one in readings(brand)}
    assert found["ground", "ground"].enough
    assert not found["ground", "ground"].light
    assert found["accent", "ground"].replaced, "the usual yellow"
    readable = {(one.part, one.on): one for one in readings({**brand, "colour.accent": "#000000"})}
    assert not readable["accent", "ground"].replaced


def keep(ctx: Context, picture: Image.Image, kind: str = "image") -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    stored = ctx.media.put_stream([buffer.getvalue()], 1_000_000)
    with ctx.db.write() as session:
        session.add(
            AssetRow(
                sha=stored.sha256,
                name="mark",
                kind=kind,
                mime="image/png",
                bytes=stored.size,
                width=picture.width,
                height=picture.height,
                created_at=ctx.clock(),
                created_by="system",
            )
        )
    return str(stored.sha256)


def test_a_mark_has_a_shape(ctx: Context) -> None:
    full = keep(ctx, Image.new("RGB", (80, 40), "red"))
    shaped = Image.new("RGBA", (80, 40), (0, 0, 0, 0))
    shaped.paste((200, 0, 0, 255), (10, 10, 40, 30))
    with pytest.raises(BadInput) as refused:
        brands.send_out(ctx, SYSTEM, {"mark": full}, {})
    assert (refused.value.field, refused.value.code) == ("brand/mark", "no_shape")
    with pytest.raises(BadInput) as refused:
        brands.send_out(ctx, SYSTEM, {"mark": "0" * 64}, {})
    assert refused.value.code == "no_such_file"
    assert brands.send_out(ctx, SYSTEM, {"mark": keep(ctx, shaped)}, {}) == 1
