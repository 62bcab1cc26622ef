"""What a campaign's reductions stand on, in words: the proof, or why no "was" is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from playlists.law.countries import PRIOR_DAYS
from playlists.localtime import day_start, zone_of
from server.services.base.context import Context
from server.services.calendar.references import MAX_SHOPS, Reference, references
from server.services.prices.texts import money
from server.services.showing.shelf import names_of_goods
from server.web.calendar_told import Told
from server.web.phrases import Language
from server.web.sentence_words import day_words
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MAX_PROOFS = 3


@dataclass(frozen=True, slots=True)
class ProofWords:
    """A product's proof: what is said first, and what it stands on. `good`: a "was" is shown."""

    title: str
    text: str
    good: bool


def proofs(ctx: Context, told: Told, campaigns: Sequence[str]) -> tuple[ProofWords, ...]:
    """The proofs of some campaigns' reductions; of several campaigns, without the goods that are
    not reduced at all.
    """
    seen = told.seen
    found: list[Reference] = []
    for name in campaigns:
        campaign, voice = seen.gathered.planned[name].campaign, seen.judged.voices[name]
        face = seen.gathered.faces.get(campaign.playlist)
        shops = seen.gathered.floor.shops_of(voice.mask, MAX_SHOPS)
        if face is None or not face.goods or not shops:
            continue
        start = campaign.schedule.start
        begins = (
            day_start(zone_of(shops[0].calendar.zone), date.fromisoformat(start[:10]))
            if start
            else 0
        )
        found += references(ctx, face.goods, shops, max(seen.now, begins))
    told_of = [
        one for one in found if len(campaigns) == 1 or one.reason not in ("regular", "unknown")
    ]
    names = names_of_goods(ctx, {one.sku for one in told_of}, told.language)
    return tuple(proof_words(one, names, told.language) for one in told_of[:MAX_PROOFS])


def proof_words(found: Reference, names: Mapping[str, str], language: Language) -> ProofWords:
    """One product's reduction."""
    name = names.get(found.sku, found.sku)
    if found.prior is None or found.reason:
        title = _("No “was” for %(name)s.", name=name)
        return ProofWords(title, _why(found, language), False)
    values = {
        "name": name,
        "first": day_words(found.first, language) if found.first else "",
        "last": day_words(found.last, language) if found.last else "",
        "days": found.recorded,
        "all": PRIOR_DAYS,
    }
    price = money(found.prior, found.currency, language)
    text = {
        "before": _("%(name)s cost that just before, on %(last)s: it spoils soon.", **values),
        "since_sold": _("Lowest %(name)s price since it was first sold, on %(first)s.", **values),
    }.get(found.basis) or _(
        "Lowest %(name)s price from %(first)s to %(last)s, %(days)s of %(all)s days recorded.",
        **values,
    )
    rows = ", ".join(str(row) for row in found.rows)
    row = ngettext(
        "Ledger row %(rows)s, %(shop)s.",
        "Ledger rows %(rows)s, %(shop)s.",
        len(found.rows),
        rows=rows,
        shop=found.shop,
    )
    words = [text, row, *_elsewhere(found)]
    return ProofWords(_("%(price)s is a lawful reference.", price=price), " ".join(words), True)


def _elsewhere(found: Reference) -> list[str]:
    if not found.elsewhere:
        return []
    return [
        ngettext(
            "One more store has a history of its own.",
            "%(num)s more stores have histories of their own.",
            found.elsewhere,
        )
    ]


def _why(found: Reference, language: Language) -> str:
    if found.reason == "regular":
        return _(
            "The shop announces no reduction in %(shop)s: the price stands alone.", shop=found.shop
        )
    if found.reason == "history_too_short":
        since = day_words(found.since, language) if found.since else ""
        return _(
            "The ledger of %(shop)s begins on %(since)s; the law asks for %(n)s days before a "
            "reduction.",
            shop=found.shop,
            since=since,
            n=PRIOR_DAYS,
        )
    if found.reason == "not_lower" and found.prior is not None:
        prior = money(found.prior, found.currency, language)
        return _(
            "It cost %(prior)s at its lowest in the %(n)s days before: this is not less.",
            prior=prior,
            n=PRIOR_DAYS,
        )
    return {
        "not_sold": _("It was not sold in the days before the reduction."),
        "currency_changed": _("The currency changed in the days before the reduction."),
        "new_goods": _("It has been sold for less than %(n)s days.", n=PRIOR_DAYS),
        "unknown_country": _("The law of this store’s country is not known here."),
        "no_end": _("The shop names no end of this reduction."),
        "under_one": _("It is less than one percent off."),
    }.get(found.reason, _("The shop has sent no price for %(shop)s yet.", shop=found.shop))
