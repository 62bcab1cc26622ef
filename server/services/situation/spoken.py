"""Concerns in sentences, French and English side by side: the page, the mail and the webhook say
the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from babel.dates import format_date

from playlists.localtime import zone_of
from server.services.base.naming import name_in
from server.services.situation.concerns import Concern, Language
from server.services.situation.faults import fault_said

_NBSP = "\u00a0"
_MEGABYTE = 1_000_000
_Pair = tuple[str, str]

_WHAT: Mapping[str, _Pair] = {
    "disk": (
        "Le disque du serveur est presque plein\u00a0: il reste {free}.",
        "The server’s disk is almost full: {free} left.",
    ),
    "plan": (
        "«\u00a0{name}\u00a0» rend un plan trop grand pour des écrans de {store} depuis {at}.",
        "“{name}” makes a plan too large for screens of {store} since {at}.",
    ),
    "batch": (
        "Un envoi de «\u00a0{name}\u00a0» est retenu depuis {at}.",
        "A batch of “{name}” is held since {at}.",
    ),
    "lease_over": (
        "{store} ne montre plus de prix depuis {ends}.",
        "{store} shows no prices since {ends}.",
    ),
    "lease_ends": (
        "Les prix quittent les écrans de {store} à {ends}.",
        "Prices leave {store}’s screens at {ends}.",
    ),
    "connector": (
        "«\u00a0{name}\u00a0» ne répond plus depuis {at}.",
        "“{name}” is silent since {at}.",
    ),
    "connector_never": (
        "«\u00a0{name}\u00a0» n’a encore jamais répondu.",
        "“{name}” has never answered yet.",
    ),
    "calendar": (
        "Le calendrier «\u00a0{name}\u00a0» n’a plus été lu depuis {at}.",
        "The calendar “{name}” was last read {at}.",
    ),
    "silence_counters": (
        "Les compteurs de {store} se taisent depuis {at}.",
        "{store}’s counters are silent since {at}.",
    ),
    "silence_counter": (
        "Le compteur «\u00a0{place}\u00a0» de {store} se tait depuis {at}.",
        "{store}’s counter “{place}” is silent since {at}.",
    ),
    "silence_weather": (
        "La météo de {store} est inconnue depuis {at}.",
        "{store}’s weather is unknown since {at}.",
    ),
    "silence_stock": (
        "Le stock de {store} n’est plus confirmé depuis {at}.",
        "{store}’s stock is unconfirmed since {at}.",
    ),
    "cloned": (
        "La clé de {screen}, {store}, a été copiée.",
        "The key of {screen}, {store}, was copied.",
    ),
    "offline": (
        "{screen}, {store}, est hors ligne depuis {at}.",
        "{screen}, {store}, is offline since {at}.",
    ),
    "rollout": (
        "Le lecteur {name} est arrêté en route vers les écrans depuis {at}.",
        "The player {name} stands still on its way to the screens since {at}.",
    ),
    "till_apart": (
        "À {store}, caisses et écrans diffèrent depuis {at}\u00a0: {changed} prix.",
        "In {store}, tills and screens differ since {at} (prices: {changed}).",
    ),
    "till_silent": (
        "À {store}, les caisses n’ont pas confirmé {changed} prix depuis {at}.",
        "In {store}, tills leave prices unconfirmed since {at} ({changed}).",
    ),
    "suspect": (
        "Le prix de {goods} paraît faux depuis {at}.",
        "The price of {goods} looks wrong since {at}.",
    ),
    "trouble_disk_full": (
        "{screen}, {store}\u00a0: son disque est plein depuis {at}.",
        "{screen}, {store}: its disk is full since {at}.",
    ),
    "trouble_files_full": (
        "{screen}, {store}\u00a0: plus de place pour ses fichiers depuis {at}.",
        "{screen}, {store}: no room left for its files since {at}.",
    ),
    "trouble_plan_refused": (
        "{screen}, {store}, refuse son nouveau plan depuis {at}.",
        "{screen}, {store}, refuses its new plan since {at}.",
    ),
    "trouble_state_damaged": (
        "{screen}, {store}\u00a0: ce qu’il gardait est abîmé depuis {at}.",
        "{screen}, {store}: what it kept is damaged since {at}.",
    ),
    "trouble_clock_untrusted": (
        "{screen}, {store}\u00a0: son horloge n’est pas sûre depuis {at}.",
        "{screen}, {store}: its clock is not certain since {at}.",
    ),
}

_NEXT: Mapping[str, _Pair] = {
    "disk": (
        "Libérez de la place\u00a0: sinon plus rien ne s’enregistre.",
        "Make room, or nothing is recorded any more.",
    ),
    "plan": (
        "Ils gardent leur plan d’avant. Raccourcissez cette liste, ou faites-en plusieurs.",
        "They keep their plan of before. Shorten it, or make several of it.",
    ),
    "batch": (
        "Les prix qu’il changerait ({changed}) restent hors des écrans jusqu’à votre décision.",
        "The prices it would change ({changed}) stay off the screens until someone decides.",
    ),
    "lease_over": (
        "Ils reviennent dès que la boutique les confirme.",
        "They come back as soon as the shop confirms them.",
    ),
    "lease_ends": (
        "Ils restent si la boutique les confirme avant.",
        "They stay if the shop confirms them before that.",
    ),
    "connector": (
        "{error} Ce qu’il disait ne vaut que jusqu’à son terme.",
        "{error} What it said holds until it is too old.",
    ),
    "calendar": (
        "{error} Ses jours restent ceux d’alors.",
        "{error} Its days stay as they were then.",
    ),
    "silence": (
        "Ce qui en dépend ne passe plus\u00a0; le reste continue.",
        "What depends on it does not show; the rest goes on.",
    ),
    "cloned": (
        "Deux appareils s’en servent. Jumelez à nouveau le bon.",
        "Two devices use it. Pair the right one again.",
    ),
    "offline": (
        "Vérifiez le courant et le réseau. Il suit son plan sans nous, les prix jusqu’à leur fin.",
        "Check power and network. It plays its plan without us, prices until they end.",
    ),
    "rollout": (
        "La page des mises à jour dit pourquoi. Aucun autre écran ne le reçoit d’ici là.",
        "The page of updates says why. No other screen gets it meanwhile.",
    ),
    "till_apart": (
        "Vérifiez la caisse, d’abord pour {goods}\u00a0: le client ne doit que le prix affiché.",
        "Check the till, first for {goods}: a customer owes no more than the price shown.",
    ),
    "till_silent": (
        "Ces produits restent sans prix jusqu’à ce que la caisse réponde.",
        "These products show no price until the till answers.",
    ),
    "suspect": (
        "Il reste hors des écrans jusqu’à votre décision, ou jusqu’à un prix plausible.",
        "It stays off the screens until someone decides or the shop says a plausible one.",
    ),
    "trouble": (
        "L’écran continue comme il peut. Quelqu’un doit le voir.",
        "The screen goes on as it can. Someone must look at it.",
    ),
}

_TITLE: Mapping[str, _Pair] = {
    "disk": ("Le disque du serveur", "The server’s disk"),
    "plan": ("Le plan de {store}", "{store}’s plan"),
    "batch": ("L’envoi retenu de «\u00a0{name}\u00a0»", "The held batch of “{name}”"),
    "lease": ("Les prix de {store}", "{store}’s prices"),
    "connector": ("«\u00a0{name}\u00a0»", "“{name}”"),
    "calendar": ("Le calendrier «\u00a0{name}\u00a0»", "The calendar “{name}”"),
    "silence_counters": ("Les compteurs de {store}", "{store}’s counters"),
    "silence_weather": ("La météo de {store}", "{store}’s weather"),
    "silence_stock": ("Le stock de {store}", "{store}’s stock"),
    "cloned": ("La clé de {screen}, {store}", "The key of {screen}, {store}"),
    "offline": ("{screen}, {store}", "{screen}, {store}"),
    "rollout": ("Le lecteur {name}", "The player {name}"),
    "trouble": ("{screen}, {store}", "{screen}, {store}"),
    "till": ("Les caisses de {store}", "{store}’s tills"),
    "suspect": ("Le prix de {goods}", "The price of {goods}"),
}


@dataclass(frozen=True, slots=True)
class Places:
    """What stores are called and which clocks they keep, by id; `zone` is the chain's own."""

    names: Mapping[str, str]
    zones: Mapping[str, str]
    zone: str = "UTC"

    def zone_of(self, concern: Concern) -> str:
        """The clock that a concern is told by: its stores' own where they keep the same."""
        kept = {self.zones.get(store, self.zone) for store in concern.stores}
        return kept.pop() if len(kept) == 1 else self.zone


def sentence(concern: Concern, places: Places, now: int, language: Language) -> str:
    """What is so, since when."""
    return _said(_WHAT[_key(concern)], concern, places, now, language)


def following(concern: Concern, places: Places, now: int, language: Language) -> str:
    """What it means and what to do."""
    key = _key(concern)
    found = _NEXT.get(key) or _NEXT[concern.kind]
    return _said(found, concern, places, now, language).strip()


def title(concern: Concern, places: Places, now: int, language: Language) -> str:
    """What it is about, in a few words."""
    sort = f"silence_{concern.said['sort']}" if concern.kind == "silence" else concern.kind
    return _said(_TITLE[sort], concern, places, now, language)


def moment(at_ms: int, now: int, zone: str, language: Language) -> str:
    """`13:47`, with its day where that is not today."""
    at = _local(at_ms, zone)
    if at.date() == _local(now, zone).date():
        return at.strftime("%H:%M")
    locale = "fr_FR" if language == "fr" else "en_GB"
    day = format_date(at, "EEEE d MMMM", locale=locale)
    return f"{day} à {at:%H:%M}" if language == "fr" else f"{day} at {at:%H:%M}"


def _key(concern: Concern) -> str:
    said = concern.said
    if concern.kind == "lease":
        return "lease_over" if said["over"] else "lease_ends"
    if concern.kind == "connector" and said["never"]:
        return "connector_never"
    if concern.kind == "silence":
        one = said["sort"] == "counters" and len(said["places"]) == 1
        return "silence_counter" if one else f"silence_{said['sort']}"
    if concern.kind == "till":
        return "till_apart" if said["apart"] else "till_silent"
    if concern.kind == "trouble":
        return f"trouble_{said['code']}"
    return concern.kind


def _said(pair: _Pair, concern: Concern, places: Places, now: int, language: Language) -> str:
    said, zone = concern.said, places.zone_of(concern)
    store = said.get("store", "")
    return pair[0 if language == "fr" else 1].format(
        at=moment(concern.since, now, zone, language),
        name=said.get("name", ""),
        changed=said.get("changed", ""),
        error=fault_said(said.get("error", ""), language),
        free=f"{said.get('free', 0) // _MEGABYTE}{_NBSP}{'Mo' if language == 'fr' else 'MB'}",
        ends=moment(said.get("ends", now), now, zone, language),
        store=places.names.get(store, store),
        screen=said.get("screen", ""),
        place=next(iter(said.get("places", ())), ""),
        goods=name_in(said.get("names", {}), language, said.get("sku", "")),
    )


def _local(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone_of(zone))
