"""The words of "why": what an instant, its winner, its losers, its facts and its prices say."""

from __future__ import annotations

from typing import Final

from server.web.phrase import Phrase

WHY: Final[dict[str, Phrase]] = {
    "why": Phrase("Pourquoi", "Why"),
    "why_shows": Phrase(
        "{screen}, {store}, affiche « {title} »", "{store}, {screen} shows “{title}”"
    ),
    "why_slate": Phrase(
        "{screen}, {store}, affiche l’ardoise", "{store}, {screen} shows the slate"
    ),
    "why_because": Phrase("{shows}, {reason}.", "{shows}, {reason}."),
    "because_rain": Phrase("parce qu’il pleut", "because it is raining"),
    "because_dry": Phrase("parce qu’il ne pleut pas", "because it is not raining"),
    "because_degrees": Phrase("parce qu’il fait {had}", "because it is {had}"),
    "because_stock": Phrase("parce qu’il en reste {had}", "because {had} are left"),
    "because_none_left": Phrase("parce qu’il n’en reste pas", "because none is left"),
    "because_people": Phrase(
        "parce qu’il y a {had} personnes ({place})", "because there are {had} people ({place})"
    ),
    "because_turn": Phrase("parce que c’est son tour", "because it is its turn"),
    "because_base": Phrase(
        "parce que rien d’autre n’est dû", "because nothing else is due right now"
    ),
    "because_takeover": Phrase("parce qu’il prend l’antenne", "because it takes the screen over"),
    "because_hand": Phrase("car {by} l’a demandé", "because {by} asked for it"),
    "because_emergency": Phrase("parce que c’est une urgence", "because it is an emergency"),
    "because_nothing": Phrase("parce que rien n’est prévu", "because nothing is planned"),
    "considered_none": Phrase("Rien d’autre n’était en lice.", "Nothing else was considered."),
    "considered_one": Phrase("Un autre a été envisagé.", "One other was considered."),
    "considered_many": Phrase("{n} autres ont été envisagés.", "{n} others were considered."),
    "at": Phrase("{day}, {at}", "{day}, {at}"),
    "back_wall": Phrase("Le mur", "The wall"),
    "copy": Phrase("Copier le texte", "Copy as text"),
    "copied": Phrase("Copié", "Copied"),
    "on_screen": Phrase("À l’écran à cet instant", "On the screen at this instant"),
    "device_line": Phrase("{w} × {h}, plan de {at}", "{w} × {h}, plan of {at}"),
    "round": Phrase("Cette boucle, {length}", "This round, {length}"),
    "round_part": Phrase(
        "Cette boucle, {length} : {n} tours sur {size}", "This round, {length}: {n} of {size} turns"
    ),
    "round_next": Phrase("Encore {left}, puis {title}.", "{left} left, then {title}."),
    "round_none": Phrase("Rien n’est prévu à cet instant.", "Nothing is planned at this instant."),
    "past": Phrase("Avant", "Before"),
    "priced": Phrase("avec prix", "priced"),
    "won": Phrase("Gagnant, {layer}", "It won, {layer}"),
    "win_turn": Phrase(
        "C’est son tour dans « {wish} », de {since} à {until}.",
        "It is its turn in “{wish}”, from {since} to {until}.",
    ),
    "win_slate": Phrase(
        "Rien ne peut s’afficher, alors la marque tient l’écran.",
        "Nothing may show, so the brand holds the screen.",
    ),
    "win_when": Phrase("Quand", "When"),
    "win_and": Phrase("et", "and"),
    "win_nobody": Phrase(
        "Personne ne tient cet écran à la main.", "Nobody holds this screen by hand."
    ),
    "win_fallback": Phrase("Son remplaçant est affiché.", "Its stand-in shows."),
    "win_short": Phrase("Il manque : {what}.", "Short of plan: {what}."),
    "ruled_out": Phrase("Écartés", "Ruled out"),
    "ruled_out_none": Phrase("Personne n’a été écarté.", "Nothing was ruled out."),
    "meant_elsewhere": Phrase("{n} destinés à d’autres écrans", "{n} meant for other screens"),
    "turns_too": Phrase(
        "{n} autres tours de ce qui est à l’antenne", "{n} more turns of what is on the air"
    ),
    "facts_used": Phrase("Les faits", "The facts it used"),
    "facts_none": Phrase("Aucun fait n’a compté.", "No fact counted."),
    "facts_more": Phrase("Autres faits suivis : {n}", "More facts that are followed: {n}"),
    "fact_unknown": Phrase("inconnu", "unknown"),
    "of_limit": Phrase("sur {limit}", "of {limit}"),
    "pick": Phrase("Un autre instant", "Another instant"),
    "pick_at": Phrase("Heure du magasin", "The store’s time"),
    "pick_go": Phrase("Voir", "Look"),
    "pick_now": Phrase("Maintenant", "Now"),
    "pick_next": Phrase("Tour suivant", "Next slot"),
    "pick_saturday": Phrase("Samedi 18 h", "Saturday 6 pm"),
    # layers
    "layer_emergency": Phrase("urgence", "emergency"),
    "layer_override": Phrase("à la main", "by hand"),
    "layer_takeover": Phrase("prise d’antenne", "takeover"),
    "layer_campaign": Phrase("campagne", "campaign"),
    "layer_base": Phrase("programme de base", "base playlist"),
    "layer_slate": Phrase("ardoise", "slate"),
    # rules, one word each
    "rule_layer": Phrase("Rang", "Rank"),
    "rule_priority": Phrase("Priorité", "Priority"),
    "rule_turn": Phrase("Tour", "Turn"),
    "rule_share": Phrase("Part", "Share"),
    "rule_airtime": Phrase("Temps", "Time"),
    "rule_place": Phrase("Lieu", "Place"),
    "rule_dates": Phrase("Dates", "Dates"),
    "rule_daypart": Phrase("Heures", "Hours"),
    "rule_pause": Phrase("Pause", "Pause"),
    "rule_stock": Phrase("Stock", "Stock"),
    "rule_weather": Phrase("Météo", "Weather"),
    "rule_crowd": Phrase("Foule", "Crowd"),
    "rule_product": Phrase("Produit", "Product"),
    "rule_price": Phrase("Prix", "Price"),
    "rule_asset": Phrase("Fichier", "File"),
    "rule_card": Phrase("Carte", "Card"),
    "rule_empty": Phrase("Vide", "Empty"),
    # why each lost
    "lost_layer": Phrase("passe après : {winner}", "comes after: {winner}"),
    "lost_priority": Phrase("un autre du même rang passe devant", "another of its rank goes first"),
    "lost_turn": Phrase("convient, son tour vient plus tard", "fits, its turn comes later"),
    "lost_turn_at": Phrase("convient, son tour est à {at}", "fits, its turn is at {at}"),
    "lost_waits": Phrase("convient, à l’écran à {at}", "fits, on screen at {at}"),
    "lost_share": Phrase("les campagnes prennent tout le temps", "campaigns take all of the time"),
    "lost_airtime": Phrase("pas de place dans la boucle", "no room in the loop"),
    "lost_place": Phrase("pas pour cet écran ({part})", "not for this screen ({part})"),
    "lost_dates": Phrase("hors de ses dates", "outside its dates"),
    "lost_daypart": Phrase("hors de ses heures", "outside its hours"),
    "lost_next": Phrase("{said}, revient {at}", "{said}, back {at}"),
    "lost_pause": Phrase("mis en pause par le magasin", "paused by the store"),
    "lost_fact": Phrase("{fact} : {had}, il faut {needed}", "{fact}: {had}, needs {needed}"),
    "lost_unknown": Phrase("{fact} : inconnu", "{fact}: unknown"),
    "lost_product": Phrase("la boutique ne connaît pas {subject}", "the shop has no {subject}"),
    "lost_price": Phrase(
        "le prix dessiné n’est plus celui de la boutique",
        "the drawn price is no longer the shop’s",
    ),
    "drawn_other": Phrase(
        "l’image montre {drawn}, la boutique dit {shop}",
        "the picture shows {drawn}, the shop says {shop}",
    ),
    "drawn_soon_other": Phrase(
        "l’image montre {drawn}, un prix qui va changer",
        "the picture shows {drawn}, a price about to change",
    ),
    "drawn_no_price": Phrase(
        "l’image montre {drawn}, la boutique ne donne pas de prix",
        "the picture shows {drawn}, the shop gives no price",
    ),
    "drawn_suspect": Phrase(
        "l’image montre {drawn}, le prix reçu attend une vérification",
        "the picture shows {drawn}, the price that came waits for a person",
    ),
    "drawn_lapsed": Phrase(
        "l’image montre {drawn}, la boutique ne confirme plus ses prix",
        "the picture shows {drawn}, the shop no longer confirms its prices",
    ),
    "lost_asset": Phrase("un fichier manque", "a file is missing"),
    "lost_card": Phrase("sa carte n’est pas valable ({subject})", "its card is bad ({subject})"),
    "lost_empty": Phrase("rien à afficher", "nothing to show"),
    "part_stores": Phrase("magasin", "store"),
    "part_regions": Phrase("région", "region"),
    "part_screens": Phrase("écran", "screen"),
    "part_tags": Phrase("étiquette", "tag"),
    "part_radius": Phrase("distance", "distance"),
    "part_zone": Phrase("zone", "zone"),
    "part_locked": Phrase("zone verrouillée", "locked zone"),
    # comparisons
    "op_lt": Phrase("moins de {value}", "less than {value}"),
    "op_le": Phrase("{value} au plus", "{value} at most"),
    "op_ge": Phrase("{value} au moins", "at least {value}"),
    "op_gt": Phrase("plus de {value}", "more than {value}"),
    "op_eq": Phrase("{value}", "{value}"),
    "op_ne": Phrase("autre chose que {value}", "other than {value}"),
    "op_within": Phrase("de {value} à {high}", "{value} to {high}"),
    "op_not": Phrase("pas {what}", "not {what}"),
    # facts
    "fact_stock": Phrase("Stock, {what}", "Stock, {what}"),
    "fact_nearest": Phrase("Le plus proche qui en a, {what}", "Nearest with some, {what}"),
    "fact_nearest.metres": Phrase("Mètres jusque-là, {what}", "Metres to there, {what}"),
    "fact_nearest.pieces": Phrase("Exemplaires là-bas, {what}", "Pieces there, {what}"),
    "fact_nearest.hours": Phrase("Heures là-bas, {what}", "Hours there, {what}"),
    "fact_temperature": Phrase("Température", "Temperature"),
    "fact_rain": Phrase("Pluie", "Rain"),
    "fact_code": Phrase("Ciel", "Sky"),
    "fact_footfall": Phrase("Passages, {what}", "People passing, {what}"),
    "fact_occupancy": Phrase("Présents, {what}", "People there, {what}"),
    "value_nowhere": Phrase("aucun", "none"),
    "value_pieces": Phrase("{n} en magasin", "{n} in store"),
    "value_people": Phrase("{n} personnes", "{n} people"),
    "value_rain": Phrase("{n} mm/h", "{n} mm/h"),
    "value_dry": Phrase("pas de pluie", "no rain"),
    "sky_clear": Phrase("ciel clair", "clear sky"),
    "sky_some": Phrase("quelques nuages", "some clouds"),
    "sky_overcast": Phrase("ciel couvert", "overcast"),
    "sky_haze": Phrase("brume", "haze"),
    "sky_fog": Phrase("brouillard", "fog"),
    "sky_drizzle": Phrase("bruine", "drizzle"),
    "sky_rain": Phrase("pluie", "rain"),
    "sky_snow": Phrase("neige", "snow"),
    "sky_showers": Phrase("averses", "showers"),
    "sky_snow_showers": Phrase("averses de neige", "snow showers"),
    "sky_storm": Phrase("orage", "thunderstorm"),
    "ago": Phrase("il y a {age}", "{age} ago"),
    # how it is known what the screen held
    "basis_plan": Phrase(
        "C’est prévu ainsi : le plan et les offres d’aujourd’hui.",
        "It is planned so: today’s plan and today’s offers.",
    ),
    "basis_run": Phrase(
        "D’après ce que l’écran a consigné lui-même.", "From the screen’s own play record."
    ),
    "basis_report": Phrase(
        "Hors ligne depuis {at}, d’après son dernier état.",
        "Offline since {at}, from its last report.",
    ),
    "basis_record": Phrase(
        "L’écran n’a rien consigné de cet instant : voici ce que le serveur avait publié.",
        "The screen recorded nothing of this instant: this is what the server had published.",
    ),
    "page_screen": Phrase(
        "Dessiné par la page {version}, dit l’écran.",
        "Drawn by page {version}, the screen says.",
    ),
    "page_server": Phrase(
        "Dessiné par la page {version}, celle que servait le serveur.",
        "Drawn by page {version}, the one that the server served.",
    ),
    "page_not_kept": Phrase(
        "Elle n’est pas gardée ici : voici la page d’aujourd’hui.",
        "It is not kept here: this is today’s page.",
    ),
    "page_unknown": Phrase(
        "On ne sait plus quelle page l’a dessiné : voici celle d’aujourd’hui.",
        "Which page drew it is not known: this is today’s.",
    ),
    "not_planned": Phrase("Ce n’est pas encore planifié.", "This is not planned yet."),
    "planned_until": Phrase(
        "Tout est planifié jusqu’au {day}, {at} ; un jour s’y ajoute chaque nuit.",
        "Everything is planned until {day}, {at}; each night adds a day.",
    ),
    "planned_last": Phrase("Le dernier instant planifié", "The last planned instant"),
    "ages_lost": Phrase(
        "L’âge que ces faits avaient alors n’est plus connu.",
        "How old these facts were then is not known any more.",
    ),
    # prices at an instant
    "prices_shown": Phrase("Les prix", "The prices"),
    "price_none": Phrase("sans prix", "no price"),
    "price_proof": Phrase("offre : {at}, registre : {row}", "offer: {at}, ledger: {row}"),
    "price_offer": Phrase("offre : {at}", "offer: {at}"),
    "ledger_row": Phrase("ligne {n}", "row {n}"),
    "ledger_rows": Phrase("lignes {n} et {m}", "rows {n} and {m}"),
    "ledger_lost": Phrase("ligne introuvable", "row not found"),
    "unknown": Phrase(
        "on ne sait plus ce que l’écran tenait", "nobody can tell any more what the screen held"
    ),
    "doubt_recalled": Phrase("une personne a retiré ce prix", "a person withdrew this price"),
    "doubt_till_silent": Phrase(
        "la caisse n’a pas confirmé le prix plus bas à temps",
        "the till did not confirm the lower price in time",
    ),
    "doubt_till_apart": Phrase(
        "la caisse demande un autre prix", "the till asks for another price"
    ),
    "doubt_no_price": Phrase("la boutique n’a pas donné de prix", "the shop gave no price"),
    "doubt_blank": Phrase("le prix reçu était vide", "the price that came was blank"),
    "doubt_zero": Phrase("le prix reçu était zéro", "the price that came was zero"),
    "doubt_currency": Phrase(
        "le prix reçu était dans une autre devise", "the price that came was in another currency"
    ),
    "doubt_sale": Phrase(
        "le prix soldé reçu ne tenait pas debout", "the sale price that came made no sense"
    ),
    "doubt_jump": Phrase(
        "le prix reçu s’écartait trop du précédent : quelqu’un devait trancher",
        "the price that came was too far from the last: it waited for a person",
    ),
    "doubt_held": Phrase(
        "toute la livraison de prix était retenue : quelqu’un devait trancher",
        "all of that price delivery was held: it waited for a person",
    ),
    "doubt_other": Phrase(
        "le prix reçu semblait faux : quelqu’un devait trancher",
        "the price that came looked wrong: it waited for a person",
    ),
}
