"""An explanation in short sentences, French or English, for people and for the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from playlists.explain.explanation import Detail, Explanation, FactUsed, Loser
from playlists.explain.wording import Language, Names, Wording
from playlists.localtime import zone_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_MS = 60_000

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "shows": "{wish} shows, from {since} to {until} ({layer}).",
        "slate": "The brand slate shows, because {reasons}.",
        "fallback": "A fallback shows instead, because {reasons}.",
        "short": "Short of plan, because {reasons}.",
        "reason_no_plan": "there is no plan yet",
        "reason_no_day": "the plan has no such day",
        "reason_empty": "nothing is wished for here",
        "reason_card_missing": "the card {subject} is not in the plan",
        "reason_asset_missing": "the file {subject} is not on the screen yet",
        "reason_gate_stale": "{subject} is stale",
        "reason_paused": "{subject} pauses it",
        "reason_by_hand": "a person showed this on the screen without the server",
        "reason_price_lost": "it needs its price",
        "reason_not_shown": "{subject} may not show",
        "reason_no_time": "the clock is not trusted",
        "reason_head_expired": "the plan was not renewed in time",
        "reason_no_offer": "the shop offers no {subject}",
        "reason_no_step": "{subject} has no price now",
        "reason_lease_over": "the prices of {subject} are stale",
        "reason_version_differs": "the prices of {subject} are changing",
        "layer": "{who}: {winner} goes before {layer}.",
        "priority": "{who}: another of its layer goes first, by {by}.",
        "turn": "{who}: its turn comes later in the loop.",
        "waits": "{who}: begins when the slot now playing ends, at {waits}.",
        "share": "{who}: campaigns take all of the time.",
        "airtime": "{who}: the loop has no room for it.",
        "place": "{who}: not meant for this screen ({part}).",
        "dates": "{who}: outside its dates.",
        "daypart": "{who}: outside its hours.",
        "next": "It changes at {next}.",
        "pause": "{who}: paused by the store.",
        "fact": "{who}: {fact} is {had}, needs {op} {needed}.",
        "unknown": "{who}: {fact} is unknown, so nothing that hangs on it shows.",
        "product": "{who}: the shop does not know {subject}.",
        "price": "{who}: the price on {subject} is no longer the shop's.",
        "asset": "{who}: the file {subject} is not there.",
        "card": "{who}: its card is not valid ({subject}).",
        "empty": "{who}: nothing to play.",
        "used": "{fact} was {value} from {since} to {until}.",
        "aged": "{fact} was {value} from {since} to {until}, confirmed {age} min before.",
        "lacking": "{fact} was unknown.",
        "fact_range": "{who}: {fact} is {had}, needs {needed} to {high}.",
        "fact_not": "{who}: {fact} is {had}, must not be {op} {needed}.",
        "fact_not_range": "{who}: {fact} is {had}, must not be {needed} to {high}.",
        "emergency": "emergency",
        "override": "store's hand",
        "takeover": "takeover",
        "campaign": "campaign",
        "base": "base playlist",
        "by_priority": "priority",
        "by_target": "narrower target",
        "by_edit": "later edit",
        "by_id": "name",
        "stores": "stores",
        "regions": "regions",
        "screens": "screens",
        "tags": "tags",
        "radius": "distance",
        "zone": "zone",
        "locked": "locked zone",
    },
    "fr": {
        "shows": "{wish} est à l’écran, de {since} à {until} ({layer}).",
        "slate": "L’écran de marque est affiché, car {reasons}.",
        "fallback": "Un remplaçant est affiché à sa place, car {reasons}.",
        "short": "Pas tout à fait comme prévu, car {reasons}.",
        "reason_no_plan": "il n’y a pas encore de plan",
        "reason_no_day": "le plan n’a pas ce jour",
        "reason_empty": "rien n’est prévu ici",
        "reason_card_missing": "la carte {subject} manque au plan",
        "reason_asset_missing": "le fichier {subject} n’est pas encore sur l’écran",
        "reason_gate_stale": "{subject} n’est plus à jour",
        "reason_paused": "{subject} la met en pause",
        "reason_by_hand": "quelqu’un l’a montré sur l’écran sans le serveur",
        "reason_price_lost": "il lui faut son prix",
        "reason_not_shown": "{subject} ne peut pas passer",
        "reason_no_time": "l’horloge n’est pas sûre",
        "reason_head_expired": "le plan n’a pas été renouvelé à temps",
        "reason_no_offer": "la boutique ne propose pas {subject}",
        "reason_no_step": "{subject} n’a pas de prix à cette heure",
        "reason_lease_over": "les prix de {subject} ne sont plus à jour",
        "reason_version_differs": "les prix de {subject} sont en train de changer",
        "layer": "{who} : passe après ({winner} avant {layer}).",
        "priority": "{who} : un autre du même rang passe devant ({by}).",
        "turn": "{who} : son tour vient plus tard dans la boucle.",
        "waits": "{who} : commence à la fin de la séquence en cours, à {waits}.",
        "share": "{who} : les campagnes prennent tout le temps.",
        "airtime": "{who} : pas de place dans la boucle.",
        "place": "{who} : pas prévu pour cet écran ({part}).",
        "dates": "{who} : hors de ses dates.",
        "daypart": "{who} : hors de ses heures.",
        "next": "Cela change à {next}.",
        "pause": "{who} : mis en pause par le magasin.",
        "fact": "{who} : {fact}, {had} ; il faut {op} {needed}.",
        "unknown": "{who} : {fact}, on ne sait pas ; rien de ce qui en dépend n’est affiché.",
        "product": "{who} : la boutique ne connaît pas {subject}.",
        "price": "{who} : le prix porté par {subject} n’est plus celui de la boutique.",
        "asset": "{who} : le fichier {subject} manque.",
        "card": "{who} : sa carte n’est pas valable ({subject}).",
        "empty": "{who} : rien à diffuser.",
        "used": "{fact} : {value}, de {since} à {until}.",
        "aged": "{fact} : {value}, de {since} à {until}, confirmé {age} min avant.",
        "lacking": "{fact} : on ne savait pas.",
        "fact_range": "{who} : {fact}, {had} ; il faut de {needed} à {high}.",
        "fact_not": "{who} : {fact}, {had} ; il ne faut pas {op} {needed}.",
        "fact_not_range": "{who} : {fact}, {had} ; il ne faut pas de {needed} à {high}.",
        "emergency": "urgence",
        "override": "main du magasin",
        "takeover": "prise d’antenne",
        "campaign": "campagne",
        "base": "programme de base",
        "by_priority": "priorité",
        "by_target": "cible plus étroite",
        "by_edit": "modification plus récente",
        "by_id": "nom",
        "stores": "magasins",
        "regions": "régions",
        "screens": "écrans",
        "tags": "étiquettes",
        "radius": "distance",
        "zone": "zone",
        "locked": "zone verrouillée",
    },
}


def explanation_text(
    explanation: Explanation, language: Language, names: Names | None = None
) -> tuple[str, ...]:
    """The explanation as short sentences: the winner, each loser, each fact. Times are the store's.

    `names` are for what the explanation names by id.
    """
    teller = _Teller(explanation, _WORDS[language], Wording(language, names or Names()))
    return (
        *teller.winner(),
        *(teller.loser(loser) for loser in explanation.losers),
        *(teller.fact(fact) for fact in explanation.facts),
    )


class _Teller:
    def __init__(
        self, explanation: Explanation, words: Mapping[str, str], wording: Wording
    ) -> None:
        self._explanation = explanation
        self._words = words
        self._wording = wording
        self._zone = zone_of(explanation.time_zone)

    def winner(self) -> list[str]:
        """What shows, and what is short of plan."""
        explanation, winner = self._explanation, self._explanation.winner
        said: list[str] = []
        if winner is not None:
            said.append(
                self._words["shows"].format(
                    wish=self._wording.wish(winner.source, winner.item),
                    since=self._time(explanation.since),
                    until=self._time(explanation.until),
                    layer=self._words[winner.layer],
                )
            )
        reasons = ", ".join(self._reason(reason) for reason in explanation.because)
        if reasons:
            short = explanation.variant if explanation.variant in ("slate", "fallback") else "short"
            said.append(self._words[short].format(reasons=reasons))
        return said

    def loser(self, loser: Loser) -> str:
        """Why one did not."""
        detail = {name: self._value(loser, name, value) for name, value in loser.detail.items()}
        detail["who"] = self._wording.wish(loser.wish, loser.item)
        detail["layer"] = self._words[loser.layer]
        said = self._words[_sentence(loser)].format(**detail)
        if "next" in loser.detail:
            said += " " + self._words["next"].format(**detail)
        return said

    def fact(self, fact: FactUsed) -> str:
        """What was known of a fact."""
        said = self._wording.fact(fact.key)
        named = said[:1].upper() + said[1:]
        if fact.value is None or fact.since is None or fact.until is None:
            return self._words["lacking"].format(fact=named)
        return self._words["used" if fact.age_ms is None else "aged"].format(
            fact=named,
            value=self._wording.value(fact.key, fact.value),
            since=self._time(fact.since),
            until=self._time(fact.until),
            age=(fact.age_ms or 0) // _MINUTE_MS,
        )

    def _reason(self, reason: str) -> str:
        code, _, subject = reason.partition(":")
        return self._words[f"reason_{code}"].format(subject=self._wording.subject(code, subject))

    def _value(self, loser: Loser, name: str, value: Detail) -> str:
        key = str(loser.detail.get("fact", ""))
        if name in ("had", "needed", "high"):
            return self._wording.value(key, value)
        if name == "fact":
            return self._wording.fact(key)
        if name == "op" and value != "within":
            return self._wording.op(str(value))
        if name in ("next", "waits"):
            return self._time(int(value))
        if name == "by" and f"by_{value}" in self._words:
            return self._words[f"by_{value}"]
        if name in ("winner", "part"):
            return self._words[str(value)]
        return self._wording.subject(loser.rule, str(value))

    def _time(self, at_ms: int) -> str:
        moment = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(self._zone)
        return moment.strftime("%d/%m %H:%M:%S")


def _sentence(loser: Loser) -> str:
    """Which sentence says it."""
    if loser.rule == "turn" and "waits" in loser.detail:
        return "waits"
    if loser.rule in ("stock", "weather", "crowd"):
        if loser.detail["truth"] == "unknown":
            return "unknown"
        negated = "_not" if "negated" in loser.detail else ""
        return "fact" + negated + ("_range" if "high" in loser.detail else "")
    return loser.rule
