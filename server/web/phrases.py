"""Every word of the studio, French and English side by side.

French sets U+00A0 before € % ? : ! and between figures and their units (the fonts lack U+202F).
"""

from __future__ import annotations

from typing import Final

from server.web.phrase import LANGUAGES, Language, Phrase
from server.web.why_phrases import WHY

__all__ = ["LANGUAGES", "PHRASES", "Language", "Phrase", "counted", "say", "sentence"]

NUMBERS: Final[dict[Language, tuple[str, ...]]] = {
    "fr": (
        *("aucun", "un", "deux", "trois", "quatre", "cinq", "six"),
        *("sept", "huit", "neuf", "dix", "onze", "douze"),
    ),
    "en": (
        *("none", "one", "two", "three", "four", "five", "six"),
        *("seven", "eight", "nine", "ten", "eleven", "twelve"),
    ),
}

PHRASES: Final[dict[str, Phrase]] = {
    # rooms and chrome
    "skip": Phrase("Aller au contenu", "Skip to the content"),
    "rooms": Phrase("Pièces", "Rooms"),
    "theme": Phrase("Passer du clair au sombre", "Switch between light and dark"),
    "language_other": Phrase("English", "Français"),
    "sign_out": Phrase("Quitter", "Sign out"),
    # the wall's headline
    "head_plan_all": Phrase(
        "Les {total} écrans suivent le plan.", "All {total} screens are playing to plan."
    ),
    "head_plan_one_only": Phrase("L’écran suit le plan.", "The screen is playing to plan."),
    "head_plan_none": Phrase(
        "Aucun des {total} écrans ne suit le plan.", "None of {total} screens is playing to plan."
    ),
    "head_plan_one": Phrase(
        "1 écran sur {total} suit le plan.", "1 of {total} screens is playing to plan."
    ),
    "head_plan_some": Phrase(
        "{plan} écrans sur {total} suivent le plan.",
        "{plan} of {total} screens are playing to plan.",
    ),
    "head_empty": Phrase("Aucun écran n’est encore accroché.", "No screen hangs here yet."),
    "head_hand_one": Phrase("un est tenu à la main", "one is held by hand"),
    "head_hand_many": Phrase("{n} sont tenus à la main", "{n} are held by hand"),
    "head_paused_one": Phrase("un est en pause", "one is paused"),
    "head_paused_many": Phrase("{n} sont en pause", "{n} are paused"),
    "head_offline_one": Phrase("un est hors ligne", "one is offline"),
    "head_offline_many": Phrase("{n} sont hors ligne", "{n} are offline"),
    "head_held_one": Phrase("un est retenu, sa clé a été copiée", "one waits, its key was copied"),
    "head_held_many": Phrase(
        "{n} sont retenus, leur clé a été copiée", "{n} wait, their keys were copied"
    ),
    "head_prices_one": Phrase("un ne montre pas ses prix", "one shows no prices"),
    "head_prices_many": Phrase("{n} ne montrent pas leurs prix", "{n} show no prices"),
    "head_unpaired_one": Phrase("un n’est pas encore jumelé", "one is not paired yet"),
    "head_unpaired_many": Phrase("{n} ne sont pas encore jumelés", "{n} are not paired yet"),
    # the wall's filters
    "filters": Phrase("Filtrer les écrans", "Filter the screens"),
    "filter_all": Phrase("Tous", "All"),
    "filter_plan": Phrase("Au plan", "To plan"),
    "filter_hand": Phrase("À la main", "By hand"),
    "filter_offline": Phrase("Hors ligne", "Offline"),
    "filter_prices": Phrase("Sans prix", "Prices off"),
    "filter_unpaired": Phrase("Non jumelés", "Not paired"),
    "filter_trouble": Phrase("En difficulté", "In trouble"),
    "find": Phrase("Chercher des écrans", "Find screens"),
    "find_store": Phrase("Magasin, produit ou playlist", "Store, product or playlist"),
    "find_tag": Phrase("Étiquette", "Tag"),
    "find_any": Phrase("Toutes", "Any"),
    "find_go": Phrase("Chercher", "Find"),
    "find_all": Phrase("Tout le mur", "The whole wall"),
    "filtered_none": Phrase("Aucun écran ici n’est dans ce cas.", "No screen here is like that."),
    # a store's rail
    "open_until": Phrase("Ouvert jusqu’à {at}", "Open until {at}"),
    "open_always": Phrase("Ouvert toute la journée", "Open all day"),
    "opens_at": Phrase("Ouvre à {at}", "Opens at {at}"),
    "closed_since": Phrase("Fermé depuis {at}", "Closed since {at}"),
    "closed_today": Phrase("Fermé aujourd’hui", "Closed today"),
    "weather_unknown": Phrase("Météo inconnue", "Weather unknown"),
    "no_screens": Phrase("Aucun écran dans ce magasin.", "No screen in this store."),
    "hang_one": Phrase("Accrocher un écran ici", "Hang a screen here"),
    "more_screens": Phrase("{n} autres écrans ici", "{n} more screens here"),
    "next_screens": Phrase("Écrans suivants", "More screens"),
    "more_stores": Phrase("Magasins suivants", "More stores"),
    "first_stores": Phrase("Retour au début", "Back to the beginning"),
    # a screen on the wall
    "playing": Phrase("À l’écran", "Playing"),
    "hand_until": Phrase("Jusqu’à {at}", "Until {at}"),
    "paused": Phrase("En pause", "Paused"),
    "emergency": Phrase("Urgence", "Emergency"),
    "offline": Phrase("Hors ligne", "Offline"),
    "held": Phrase("Clé copiée", "Key copied"),
    "unpaired": Phrase("Non jumelé", "Not paired"),
    "prices_off": Phrase("Sans prix", "Prices off"),
    "dark": Phrase("Écran éteint à cette heure", "Display off at this hour"),
    "slate": Phrase("L’ardoise de la marque", "The brand’s slate"),
    "then": Phrase("puis {title} à {at}", "then {title} at {at}"),
    "stays": Phrase("sans changement pour l’instant", "no change for now"),
    "last_seen": Phrase("Vu pour la dernière fois à {at}", "Last seen {at}"),
    "never_seen": Phrase("Jamais vu", "Never seen"),
    "offline_since": Phrase(
        "hors ligne depuis {at} · d’après son dernier état",
        "offline since {at} · from its last report",
    ),
    "offline_why": Phrase("pas de courant ou pas de réseau", "no power or no network"),
    "held_why": Phrase("deux appareils, une seule clé", "two devices, one key"),
    "held_next": Phrase("jumelez à nouveau le bon", "pair the right one again"),
    "unpaired_why": Phrase("le plan l’attend", "its plan is waiting"),
    "hand_by": Phrase("montré par {by}, encore {left}", "shown by {by}, {left} left"),
    "emergency_by": Phrase("message d’urgence, encore {left}", "emergency message, {left} left"),
    "paused_by": Phrase("mis en pause par {by}", "paused by {by}"),
    "back_at": Phrase("retour au plan à {at}", "back to plan at {at}"),
    "unconfirmed": Phrase("prix non confirmés depuis {at}", "prices unconfirmed since {at}"),
    "no_price_now": Phrase("sans prix : {code}", "no price: {code}"),
    # what its device said
    "devices": Phrase("Appareils", "Devices"),
    "device_heard": Phrase("entendu à {at}", "heard {at}"),
    "device_plan": Phrase("plan de {at}", "plan of {at}"),
    "device_newer": Phrase("le nouveau est de {at}", "the new one is of {at}"),
    "device_no_plan": Phrase("n’a rien dit de son plan", "said nothing of its plan"),
    "device_files": Phrase("tous les fichiers", "all files"),
    "device_lacks_one": Phrase("un fichier manque", "one file is missing"),
    "device_lacks_many": Phrase("{n} fichiers manquent", "{n} files are missing"),
    "device_clock": Phrase("horloge à ±{ms} ms", "clock to ±{ms} ms"),
    "device_no_clock": Phrase("heure incertaine", "time not certain"),
    # prices that are off
    "no_time": Phrase("l’heure n’est pas sûre", "the time is not certain"),
    "head_expired": Phrase("le plan est trop vieux", "the plan is too old"),
    "no_offer": Phrase("la boutique ne dit rien", "the shop says nothing"),
    "no_step": Phrase("prix retenu ou terminé", "price held or over"),
    "lease_over": Phrase("la boutique se tait", "the shop is silent"),
    "version_differs": Phrase("nouveau prix en route", "a new price is on its way"),
    # what screens say is wrong with them
    "trouble_since": Phrase("{what}, depuis {at}", "{what}, since {at}"),
    "trouble_and_one": Phrase("un autre souci", "one more trouble"),
    "trouble_and_many": Phrase("{n} autres soucis", "{n} more troubles"),
    "trouble_clock_untrusted": Phrase("son horloge n’est pas sûre", "its clock is not certain"),
    "trouble_disk_full": Phrase("son disque est plein", "its disk is full"),
    "trouble_door": Phrase(
        "la porte du serveur ne répond pas", "the server’s door does not answer"
    ),
    "trouble_hands": Phrase(
        "sa page pour l’équipe du magasin ne s’ouvre pas",
        "its page for the store’s people does not open",
    ),
    "trouble_files_damaged": Phrase("des fichiers sont abîmés", "files are damaged"),
    "trouble_files_failing": Phrase("des fichiers n’arrivent pas", "files do not arrive"),
    "trouble_files_full": Phrase("plus de place pour les fichiers", "no room left for files"),
    "trouble_pairing": Phrase("le jumelage n’aboutit pas", "its pairing does not succeed"),
    "trouble_plan_refused": Phrase("il refuse son nouveau plan", "it refuses its new plan"),
    "trouble_server": Phrase("le serveur lui répond mal", "the server answers it badly"),
    "trouble_plays_damaged": Phrase(
        "des relevés de diffusion étaient abîmés", "some play records were damaged"
    ),
    "trouble_state_damaged": Phrase(
        "son état était abîmé, il a repris ce qui tenait",
        "its state was damaged, it went on with what held",
    ),
    "trouble_unreachable": Phrase("il ne joint pas le serveur", "it cannot reach the server"),
    "trouble_stale": Phrase("rien ne vient plus de lui", "nothing comes from it any more"),
    "trouble_plan_behind": Phrase(
        "son nouveau plan n’est pas arrivé", "its new plan has not arrived"
    ),
    "trouble_files_missing": Phrase("des fichiers lui manquent", "it lacks files"),
    "trouble_glass_wrong": Phrase(
        "sa vitre ne montre pas le plan", "its glass does not show the plan"
    ),
    "trouble_too_hot": Phrase("il a trop chaud", "it is too hot"),
    "trouble_undervoltage": Phrase("son alimentation est faible", "its power supply is too weak"),
    "trouble_throttled": Phrase("il est ralenti", "it is slowed down"),
    "trouble_disk_low": Phrase("son disque est presque plein", "its disk is nearly full"),
    "trouble_memory_low": Phrase("sa mémoire est presque pleine", "its memory is nearly full"),
    "trouble_no_display": Phrase("aucun écran n’est branché", "no display is connected"),
    "trouble_other": Phrase("un souci signalé ({code})", "a trouble it reports ({code})"),
    # pairing
    "pair": Phrase("Jumeler un écran", "Pair a screen"),
    "pair_head": Phrase("Un appareil devient un écran.", "A device becomes a screen."),
    "pair_second": Phrase(
        "Lisez son code et comparez l’empreinte.", "Read its code and compare the fingerprint."
    ),
    "pair_code": Phrase("Le code que l’appareil affiche", "The code that the device shows"),
    "pair_code_hint": Phrase("Six caractères, ABC-DEF.", "Six characters, ABC-DEF."),
    "pair_screen": Phrase("Quel écran il devient", "Which screen it becomes"),
    "pair_choose": Phrase("Choisissez", "Choose"),
    "pair_new": Phrase("Un nouvel écran", "A new screen"),
    "pair_free": Phrase("pas encore jumelé", "not paired yet"),
    "pair_taken": Phrase("remplace l’appareil « {device} »", "replaces the device “{device}”"),
    "pair_name": Phrase("Son nom, s’il est nouveau", "Its name, if it is new"),
    "pair_print": Phrase("L’empreinte de ce serveur", "This server’s fingerprint"),
    "pair_print_why": Phrase(
        "L’appareil affiche la même. Si elle diffère, il parle à un autre serveur :"
        " ne le jumelez pas.",
        "The device shows the same. Where it differs, the device speaks to another server:"
        " do not pair it.",
    ),
    "pair_none": Phrase("Pas encore d’appareil ?", "No device yet?"),
    "pair_none_how": Phrase(
        "Sur un Raspberry Pi (3, 4 ou 5, système 64 bits) ou un PC sous Debian 12 ou 13,"
        " cette commande en fait un écran de ce serveur :",
        "On a Raspberry Pi (3, 4 or 5, a 64-bit system) or a PC with Debian 12 or 13,"
        " this command makes it a screen of this server:",
    ),
    "pair_none_browser": Phrase(
        "Ou ouvrez {address} en plein écran dans un navigateur.",
        "Or open {address} full screen in a browser.",
    ),
    "pair_go": Phrase("Jumeler", "Pair it"),
    "pair_done": Phrase("{screen} est jumelé.", "{screen} is paired."),
    "pair_done_second": Phrase(
        "Il affiche son plan dans un instant.", "It shows its plan in a moment."
    ),
    "pair_replaced": Phrase(
        "L’appareil d’avant ne compte plus.", "The device before it counts no more."
    ),
    # signing in
    "signed_out": Phrase("Personne n’est connecté ici.", "Nobody is signed in here."),
    "signed_out_second": Phrase("Connectez-vous pour entrer.", "Sign in to come in."),
    "signed_out_how": Phrase(
        "Pas encore de mot de passe ? Sur la machine du serveur, lancez cette commande, puis"
        " ouvrez le lien qu’elle affiche : il sert une seule fois.",
        "No password yet? On the server’s machine run this command, then open the link that it"
        " shows: it works once.",
    ),
    "enter": Phrase("Entrer", "Come in"),
    "enter_first": Phrase("Cette installation est à vous.", "This installation is yours."),
    "enter_second": Phrase("Il reste à entrer.", "What is left is to come in."),
    "enter_how": Phrase(
        "Le lien sert une seule fois : au moment où vous appuyez, et pas avant.",
        "The link works once: when you press the button, and not before.",
    ),
    "link_over": Phrase(
        "Ce lien a déjà servi, ou il est trop vieux.", "This link was used already, or is too old."
    ),
    "left": Phrase("Vous êtes déconnecté.", "You are signed out."),
    "key_over": Phrase("Ce lien d’observation est terminé.", "This link to watch screens is over."),
    "key_over_how": Phrase(
        "Demandez-en un autre à la personne qui vous l’a donné.",
        "Ask whoever gave it to you for another.",
    ),
    # faults
    "fault": Phrase("Cela n’a pas marché.", "That did not work."),
    "too_many": Phrase("Trop de demandes à la fois.", "That was asked too often."),
    "too_many_how": Phrase("Recommencez dans {n} s.", "Ask again in {n} s."),
    "not_found": Phrase("Il n’y a rien à cette adresse.", "There is nothing at this address."),
    "forged": Phrase(
        "Cette page a changé de session. Rechargez-la et recommencez.",
        "This page is of another session. Reload it and try again.",
    ),
    "bad_time": Phrase(
        "Cet instant ne se lit pas. Écrivez-le comme 2026-10-17T18:00.",
        "This instant cannot be read. Write it like 2026-10-17T18:00.",
    ),
    **WHY,
}


def say(key: str, language: Language, **values: object) -> str:
    """A phrase in a language. Raises KeyError for one that is not there."""
    phrase = PHRASES[key]
    return (phrase.fr if language == "fr" else phrase.en).format(**values)


def counted(key: str, n: int, language: Language) -> str:
    """`key_one` or `key_many` with the number in words (up to twelve)."""
    if n == 1:
        return say(f"{key}_one", language)
    words = NUMBERS[language]
    return say(f"{key}_many", language, n=words[n] if n < len(words) else str(n))


def sentence(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]
