"""A source's form, made from its kind's own configuration, and what was heard of it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from werkzeug.datastructures import MultiDict

from server.connectors.registry import kinds
from server.connectors.source import SECRET, Kind, Secret, ShopConfig
from server.errors import ServerError
from server.services.connectors import ConnectorView
from server.services.situation.faults import fault_said
from server.web import source_labels
from server.web.clock import length
from server.web.entry_words import ago
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import said

Shape = Literal["text", "number", "lines", "words", "check", "stores", "choice"]
FILED = "csv"
"""The kind whose sources have a file, on a page of its own."""
SOON_MS = 1_000
MAX_CHARACTERS = 4_000
MAX_WORDS_CHARACTERS = 400_000
"""Of a field with a value a line: addresses, categories."""
MAX_SECRET_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form; `further` ones are folded away."""

    name: str
    label: str
    hint: str
    shape: Shape
    value: Any
    required: bool
    further: bool
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SecretField:
    """A secret's field: it never holds what is kept. `forget` names the box by which one that may
    be left out is dropped; such ones are folded away (`further`) beside others.
    """

    name: str
    label: str
    hint: str
    forget: str
    further: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A source in the list."""

    id: str
    name: str
    kind: str
    mark: str
    state: str
    error: str
    due: str


def title_of(kind: str, language: Language) -> str:
    """What a kind is called; its own word where no package brings it any more."""
    found = kinds().get(kind)
    return found.title.get(language, kind) if found is not None else kind


def choices(language: Language) -> list[tuple[str, str, str]]:
    """The kinds that may be connected: name, title, what comes from there."""
    gives = {
        "merchant": _("Products and prices, as the shop’s product feed lists them."),
        "local_inventory": _("How many pieces each store has, from the inventory feed."),
        "webhook": _("The shop calls here at each change: prices and stock within a second."),
        "shopify": _("Products, prices and stock of a Shopify shop: it calls, and is read."),
        "woocommerce": _("Products, prices and stock of a WooCommerce: it calls, and is read."),
        "prestashop": _("Products, prices and stock of a PrestaShop, read through its webservice."),
        **source_labels.gives(),
        "till": _("Which prices a store’s tills have: screens and tills change in order."),
        "open_meteo": _("Rain, sun and temperature of each store, now and in the next days."),
        "mqtt_counts": _("How many people come by, from counters that speak MQTT."),
        "http_counts": _("How many people come by, from counters that call here."),
    }
    ordered = [name for name in gives if name in kinds()]
    ordered += [name for name in kinds() if name not in gives]
    return [(name, title_of(name, language), gives.get(name, "")) for name in ordered]


def is_shop(kind: Kind) -> bool:
    """Whether prices come from sources of this kind."""
    return issubclass(kind.config, ShopConfig)


def fields(kind: Kind, given: Mapping[str, Any]) -> list[Field]:
    """The form of a kind, filled with what is given, else with what its fields begin with."""
    return [_field(kind, name, info, given) for name, info in kind.config.model_fields.items()]


def read(kind: Kind, form: MultiDict[str, str]) -> dict[str, Any]:
    """What a form says, for the kind to check. A number left empty is as it usually is."""
    made: dict[str, Any] = {}
    for name, info in kind.config.model_fields.items():
        shape = _shape(name, info)
        most = MAX_WORDS_CHARACTERS if shape == "words" else MAX_CHARACTERS
        text = form.get(name, "").strip()[:most]
        if shape == "stores":
            made[name] = form.getlist(name)
        elif shape == "words":
            made[name] = [line.strip() for line in text.splitlines() if line.strip()]
        elif shape == "check":
            made[name] = bool(text)
        elif shape == "lines":
            pairs = (line.partition("=") for line in text.splitlines() if line.strip())
            made[name] = {key.strip(): value.strip() for key, _is, value in pairs}
        elif text or (name in form and shape == "text" and not info.is_required()):
            made[name] = int(text) if shape == "number" and text.isdecimal() else text
    return made


def secret_fields(kind: Kind, view: ConnectorView | None, language: Language) -> list[SecretField]:
    """The fields of a kind's secrets."""
    needed = any(one.min_characters for one in kind.secrets)
    made = []
    for one in kind.secrets:
        kept = view is not None and one.name in view.secrets
        hints = [_("There is one; left empty, it stays.")] if kept else []
        hints += [one.hint[language]] if language in one.hint else []
        forget = f"forget-{one.name}" if kept and not one.min_characters else ""
        label = one.title.get(language, one.name)
        further = needed and not one.min_characters
        made.append(SecretField(_secret_field(one), label, " ".join(hints), forget, further))
    return made


def read_secrets(kind: Kind, form: MultiDict[str, str]) -> dict[str, str]:
    """The secrets that a form gives, by name; what it leaves empty is not among them."""
    made = {}
    for one in kind.secrets:
        text = form.get(_secret_field(one), "").strip()[:MAX_SECRET_CHARACTERS]
        if text or form.get(f"forget-{one.name}"):
            made[one.name] = text
    return made


def _secret_field(secret: Secret) -> str:
    return SECRET if secret.name == SECRET else f"secret-{secret.name}"


def line(view: ConnectorView, language: Language, now: int) -> Line:
    """A source as it fares."""
    mark, state = state_of(view, now)
    error = fault_said(view.last_error, language)
    soon = due(view.next_run_at, now) if error else ""
    return Line(view.id, view.name, title_of(view.kind, language), mark, state, error, soon)


def due(next_at: int | None, now: int) -> str:
    """When a source is asked next; nothing of one that calls, or is switched off."""
    if next_at is None:
        return ""
    if next_at - now < SOON_MS:
        return _("Asked again in a moment.")
    return _("Asked again in %(left)s.", left=length(next_at - now))


def lease(view: ConnectorView, usual_ms: int) -> str:
    """How long a shop's prices show without it; nothing of other sources."""
    kind = kinds().get(view.kind)
    if kind is None or not is_shop(kind):
        return ""
    given = view.config.get("lease_s")
    lasts = length(int(given) * 1000 if given else usual_ms)
    return _("Its prices leave the screens %(lasts)s after it last confirmed them.", lasts=lasts)


def state_of(view: ConnectorView, now: int) -> tuple[str, str]:
    """The mark and the words for how a source fares."""
    if not view.enabled:
        return "paused", _("switched off")
    if view.last_error:
        return "trouble", _("fails")
    if view.last_success_at is None:
        return "none", waited(view)
    return "playing", _("heard %(ago)s", ago=ago(view.last_success_at, now))


def waited(view: ConnectorView) -> str:
    """What a source that said nothing yet waits for."""
    if view.next_run_at is None and view.calls_url:
        return _("waits for its first call")
    if view.kind != FILED or (view.config.get("url") and view.config.get("columns")):
        return _("is asked soon")
    if view.config.get("url"):
        return _("waits until its columns are named")
    return _("waits for its first file")


def complaint(error: ServerError, kind: Kind) -> tuple[str, str]:
    """The field of a kind's form that was refused, and why, in the reader's language."""
    name = error.field.removeprefix("config/").replace("secrets/", "secret-").split("/")[0]
    known = {
        "name": _("Give it a name of 1 to 200 characters, on one line."),
        "url": _("Write the whole address, such as https://shop.example/feed.xml."),
        "shop": _("One word for the shop: lower-case letters, digits and -."),
        "currency": _("Three capital letters, such as EUR."),
        "time_zone": _("Write a time zone such as Europe/Paris."),
        "tax_rates": _("A line each, in percent: standard = 20"),
        "only": _("Choose at least one store."),
    }
    least = {_secret_field(one): one.min_characters for one in kind.secrets}.get(name, 0)
    if least > 1:
        return name, _("It is missing, or too short: %(n)s characters at least.", n=least)
    if name in ("secret", *map(_secret_field, kind.secrets)):
        return name, _("It is missing.")
    return name, known.get(name, said(error.message))


def _field(kind: Kind, name: str, info: FieldInfo, given: Mapping[str, Any]) -> Field:
    shape = _shape(name, info)
    value = given.get(
        name, None if info.is_required() else info.get_default(call_default_factory=True)
    )
    if shape == "lines":
        value = "\n".join(f"{key} = {text}" for key, text in (value or {}).items())
    if shape == "stores":
        value = value or ()
    if shape == "words":
        value = "\n".join(value or ())
    labels = _labels() | source_labels.labels()
    plain = labels.get(name, (name, info.description or ""))
    plain = labels.get(f"{name}={info.default}", plain)
    label, hint = labels.get(f"{kind.name}.{name}", plain)
    further = not info.is_required() and name not in source_labels.SHOWN
    said = _choices() | source_labels.choices()
    choices = tuple(
        (one, said.get(f"{name}={one}", said.get(one, one))) for one in get_args(info.annotation)
    )
    return Field(
        *(name, label, hint, shape, value, info.is_required(), further),
        choices if shape == "choice" else (),
    )


def _shape(name: str, info: FieldInfo) -> Shape:
    if int in get_args(info.annotation):
        return "number"
    kind = get_origin(info.annotation) or info.annotation
    shapes: dict[Any, Shape] = {
        int: "number",
        bool: "check",
        dict: "lines",
        tuple: "stores" if name == "only" else "words",
        Literal: "choice",
    }
    return shapes.get(kind, "text")


def _choices() -> dict[str, str]:
    """What is chosen from, in words."""
    return {
        "both": _("Screens and till wait for each other"),
        "report": _("Only tell where they differ"),
        "price_free": _("Show no price until both agree"),
    }


def _labels() -> dict[str, tuple[str, str]]:
    """Label and hint of the fields that our own kinds have."""
    return {
        "url": (_("Address"), ""),
        "shop": (
            _("The shop, in one word"),
            _("Of your choice, such as pluvier: all sources of one shop carry it."),
        ),
        "currency": (_("Currency"), ""),
        "language": (_("Language of the feed"), ""),
        "translations": (
            _("The same feed in other languages"),
            _("A line each: en = https://shop.example/feed-en.xml"),
        ),
        "time_zone": (_("Time zone of its dates"), ""),
        "shopify.url": (_("Address"), _("Such as pluvier.myshopify.com.")),
        "client_id": (
            _("Client ID of the app"),
            _("In Shopify’s dev dashboard, under Settings; beside the secret."),
        ),
        "api_version": (_("Version of the Admin API"), _("A quarter, such as 2026-10.")),
        "without_tax": (
            _("Show prices although they do not include taxes"),
            _("Customers in the EU may not be shown such prices."),
        ),
        "stock_source": (_("The source of stock that these calls bring up to date"), ""),
        "heartbeat_url": (
            _("Where the shop says that it lives"),
            _("Asked regularly: as long as it answers, prices stay on the screens."),
        ),
        "heartbeat_text": (_("What that answer contains"), ""),
        "tax_rates": (
            _("Tax rates, where the shop keeps its prices without tax"),
            _("A line each, in percent: standard = 20"),
        ),
        "stock_store": (_("The store whose pieces the shop counts"), _("Empty: no store’s.")),
        "shop_number": (_("Number of the shop whose prices are read"), _("In multistore; else 1.")),
        "group": (_("Number of the visitors’ group"), _("1, unless the shop changed it.")),
        "whole_every_s": (_("Everything is read every so many seconds"), ""),
        "decimals": (_("Decimals of a degree"), _("Stores this near share one forecast.")),
        "average_s": (_("Averaged over, in seconds"), ""),
        "username": (_("User name"), ""),
        "ca": (_("Certificate authority (PEM)"), ""),
        "footfall": (_("Topic of footfall"), ""),
        "occupancy": (_("Topic of occupancy"), ""),
        "lease_s": (
            _("Prices show without it for, in seconds"),
            _("From 300 to 86400. Empty: as this server is set, usually four hours."),
        ),
        "order": (
            _("How prices change"),
            _("A higher price is on the screens first, a lower one at the till."),
        ),
        "timeout_s": (
            _("Screens and till wait for each other for, in seconds"),
            _("Then a lower price leaves the screens without any, and a higher one is owed."),
        ),
        "release_url": (
            _("The till’s own address"),
            _("Called once a higher price is on the screens. Empty: never."),
        ),
        "mismatch_s": (_("They may differ for, in seconds"), ""),
        "on_mismatch": (_("Where they differ for longer"), ""),
        "stores": (_("What it calls our stores"), _("A line each: 0041 = lille")),
        "till.only": (
            _("Stores with these tills"),
            _("Prices wait for the tills there; others are left alone."),
        ),
        "only": (_("Only for these stores"), _("None chosen: for all.")),
    }
