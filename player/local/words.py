"""What the page on the shop's network says, in French and English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

Words = Mapping[str, str]

FRENCH: Words = {
    "title": "À la main",
    "other": "English",
    "online": "La ligne est là.",
    "online_2": "Tout se fait dans le studio.",
    "online_say": "Cette page ne sert que lorsque le serveur est hors d’atteinte.",
    "away": "La ligne est coupée.",
    "plan": "L’écran suit son plan.",
    "hand": "L’écran est tenu à la main.",
    "show": "Afficher le code sur cet écran",
    "show_say": "Il montre que vous êtes devant l’écran. L’écran l’affiche deux minutes.",
    "nobody": "Personne n’a encore de code pour cette boutique. "
    "Il s’obtient dans le studio, quand la ligne est là.",
    "token": "Code de l’écran",
    "token_say": "Les six signes que l’écran affiche.",
    "code": "Votre code personnel",
    "code_say": "Les douze signes de votre carte.",
    "enter": "Continuer",
    "what": "Que montrer",
    "until": "Pendant combien de temps",
    "then": "Puis le plan reprend de lui-même.",
    "do": "Montrer",
    "again": "Montrer autre chose",
    "end": "Terminer maintenant",
    "nothing": "Rien de ce que cet écran a chez lui ne peut être montré à la main.",
    "held": "jusqu’à {at}, par {who}",
    "alone": "Votre code vaut devant chaque écran. Pour agir sur tous à la fois, "
    "demandez-en un nouveau au studio quand la ligne sera là.",
    "one": "1 écran sur {of} est tenu à la main.",
    "some": "{n} écrans sur {of} sont tenus à la main.",
    "shop": "Les écrans de la boutique",
    "here": "cet écran",
    "where": "Sur quels écrans",
    "where_here": "Celui-ci",
    "where_all": "Tous les {n}",
    "where_some": "Choisir",
    "where_wrong": "Choisissez au moins un écran.",
    "end_all": "Terminer partout",
    "end_one": "Terminer",
    "end_of": "Terminer sur {name}",
    "retry": "Réessayer là où ce n’est pas affiché",
    "did_show": "Affiché.",
    "did_end": "Terminé.",
    "not_show": "Pas affiché.",
    "not_end": "Pas terminé.",
    "on_plan": "Suit son plan.",
    "on_hand": "{what}, jusqu’à {at}, par {who}.",
    "is_gone": "Ne répond pas. Est-il allumé, sur le même réseau\u00a0? Sinon, allez devant lui.",
    "is_online": "Sa ligne est là\u00a0: il se commande depuis le studio.",
    "is_stranger": "Ne connaît pas encore cet écran-ci. Allez devant lui.",
    "is_code": "Ne connaît pas ce code. Le serveur le lui dira quand la ligne reviendra.",
    "is_choice": "N’a pas cela chez lui. Choisissez-lui autre chose.",
    "is_until": "Ne peut le montrer si longtemps. Choisissez une durée plus courte.",
    "is_full": "Ne peut rien retenir de plus. Il le pourra quand la ligne reviendra.",
    "is_often": "A été trop sollicité. Essayez à nouveau dans {wait}.",
    "is_no": "Refuse. Allez devant lui.",
    "then_server": "Quand la ligne revient, le studio l’apprend et le montre.",
    "token_wrong": "Ce code n’est pas celui que l’écran affiche, ou il a déjà servi. "
    "Affichez-en un autre.",
    "code_wrong": "Ce code personnel n’est pas bon ici. Regardez votre carte.",
    "pause": "Trop de codes faux. Essayez à nouveau dans {wait}.",
    "often": "Trop d’essais. Essayez à nouveau dans {wait}.",
    "gone": "Trop de temps a passé. Affichez un nouveau code.",
    "choice_wrong": "L’écran ne peut plus montrer cela. Choisissez autre chose.",
    "until_wrong": "Choisissez une durée de la liste.",
    "full": "L’écran ne peut rien retenir de plus. Il le pourra quand la ligne reviendra.",
    "minutes": "{n}\u00a0min",
    "hours": "{n}\u00a0h",
    "shown": "Le code est sur l’écran.",
    "shown_2": "Scannez-le, ou saisissez-le ici.",
}
ENGLISH: Words = {
    "title": "By hand",
    "other": "Français",
    "online": "The line is up.",
    "online_2": "Everything is done in the studio.",
    "online_say": "This page is only for when the server is out of reach.",
    "away": "The line is down.",
    "plan": "The screen plays to plan.",
    "hand": "The screen is held by hand.",
    "show": "Show the code on this screen",
    "show_say": "It proves that you stand before the screen. The screen shows it for two minutes.",
    "nobody": "Nobody has a code for this store yet. The studio gives it while the line is up.",
    "token": "Code on the screen",
    "token_say": "The six characters that the screen shows.",
    "code": "Your own code",
    "code_say": "The twelve characters on your card.",
    "enter": "Continue",
    "what": "What to show",
    "until": "For how long",
    "then": "Then the plan goes on by itself.",
    "do": "Show it",
    "again": "Show something else",
    "end": "End it now",
    "nothing": "Nothing that this screen holds can be shown by hand.",
    "held": "until {at}, by {who}",
    "alone": "Your code counts before each screen. To act on all at once, "
    "ask the studio for a new one when the line is up.",
    "one": "1 of {of} screens is held by hand.",
    "some": "{n} of {of} screens are held by hand.",
    "shop": "The shop’s screens",
    "here": "this screen",
    "where": "On which screens",
    "where_here": "This one",
    "where_all": "All {n}",
    "where_some": "Choose",
    "where_wrong": "Choose at least one screen.",
    "end_all": "End it everywhere",
    "end_one": "End",
    "end_of": "End on {name}",
    "retry": "Try again where it is not shown",
    "did_show": "Shown.",
    "did_end": "Ended.",
    "not_show": "Not shown.",
    "not_end": "Not ended.",
    "on_plan": "Plays to plan.",
    "on_hand": "{what}, until {at}, by {who}.",
    "is_gone": "Does not answer. Is it on, in the same network? If not, go before it.",
    "is_online": "Its line is up: the studio acts on it.",
    "is_stranger": "Does not know this screen yet. Go before it.",
    "is_code": "Does not know this code. The server tells it when the line is back.",
    "is_choice": "Does not hold this. Choose something else for it.",
    "is_until": "Cannot show it for so long. Choose a shorter time.",
    "is_full": "Can keep no more of this. It can when the line is back.",
    "is_often": "Was asked too often. Try again in {wait}.",
    "is_no": "Refuses. Go before it.",
    "then_server": "When the line is back, the studio hears of it and shows it.",
    "token_wrong": "This is not the code that the screen shows, or it was used. Show another.",
    "code_wrong": "This code of yours is no good here. Look at your card.",
    "pause": "Too many wrong codes. Try again in {wait}.",
    "often": "Too many tries. Try again in {wait}.",
    "gone": "Too much time has passed. Show a new code.",
    "choice_wrong": "The screen cannot show this any more. Choose something else.",
    "until_wrong": "Choose a time from the list.",
    "full": "The screen can keep no more of this. It can when the line is back.",
    "minutes": "{n}\u00a0min",
    "hours": "{n}\u00a0h",
    "shown": "The code is on the screen.",
    "shown_2": "Scan it, or type it here.",
}
_SPOKEN = {"fr": FRENCH, "en": ENGLISH}


def words_for(language: str) -> Words:
    """In a language; French where it is neither."""
    return _SPOKEN.get(language, FRENCH)


def language_of(asked: str, header: str) -> str:
    """Which language a reader wants: as asked, else the first that the browser names."""
    if asked in _SPOKEN:
        return asked
    for part in header.split(","):
        if (named := part.strip()[:2].lower()) in _SPOKEN:
            return named
    return "fr"


def lasts(ms: int, words: Words) -> str:
    """A length of time."""
    minutes = -(-ms // 60_000)
    if minutes % 60 == 0 and minutes:
        return words["hours"].format(n=minutes // 60)
    return words["minutes"].format(n=minutes)


def clock(ms: int, zone: str) -> str:
    """An instant on the shop's own clock."""
    try:
        tz: ZoneInfo | None = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        tz = None
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return f"{at.astimezone(tz or UTC):%H:%M}"
