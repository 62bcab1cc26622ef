// Every word the page's script says, in French and English, and how it writes money and time.

const WORDS = {
  fr: {
    goods: "Les articles", choose: "Choisir un article", now: "Prix en boutique",
    sale: "Réduire de", until: "jusque", start: "Lancer la promotion", end: "Finir la promotion",
    in1: "dans 1 minute", in10: "dans 10 minutes", tonight: "ce soir minuit", week: "dans 7 jours",
    running: "{price} au lieu de {list}", noSale: "Pas de promotion", fromAt: "à partir du {at}",
    untilAt: "jusqu’au {at}",
    stock: "Stock par magasin", less: "Une pièce de moins", more: "Une pièce de plus",
    weather: "La météo", temperature: "Température", rain: "Pluie", rainUntil: "jusqu’à",
    people: "Le monde en magasin", minute: "Passages par minute", inside: "Sur place",
    carrier: { mqtt: "par MQTT", http: "par HTTP" }, none: "aucun capteur",
    trouble: "Quand ça casse", feed: "Flux de la boutique", hook: "Appels de la boutique",
    service: "Service météo", sensors: "Capteurs", on: "en marche", off: "coupés",
    log: "Ce qui vient de se passer", reset: "Tout remettre comme au premier jour",
    modes: {
      none: "tout va bien", empty: "flux sans article", blank: "réponse vide", html: "page HTML",
      truncated: "flux tronqué", zero: "prix à zéro", currency: "en dollars", 500: "erreur 500",
      down: "fermé (503)", slow: "très lent", missing: "variables absentes", nan: "valeurs NaN",
    },
    say: {
      price: "{name} coûte maintenant {price}.", sale: "{name} est en promotion à {price}.",
      "sale-end": "{name} n’est plus en promotion : {price}.",
      stock: "{name} : {quantity} à {store}.", reset: "Tout est comme au premier jour.",
      weather: "{name} : {degrees}, {sky}.", people: "{store}, {zone} : {inside} sur place.",
      break: "Flux de la boutique : {mode}.", "weather-break": "Service météo : {mode}.",
      "webhook-on": "La boutique appelle de nouveau le serveur.",
      "webhook-off": "La boutique n’appelle plus le serveur.",
      "counting-on": "Les capteurs comptent.", "counting-off": "Les capteurs se taisent.",
      call: "La boutique a appelé le serveur {later} ms après : {status}.",
      noAnswer: "La boutique a appelé, sans réponse : {error}. Elle réessaie.",
      push: "Comptages envoyés par HTTP : {outcome}.",
    },
    rainy: "pluie jusqu’à {hour} h", dry: "sec", refused: "Refusé : {error}",
  },
  en: {
    goods: "The goods", choose: "Choose an article", now: "Price in the shop",
    sale: "Reduce by", until: "until", start: "Start the sale", end: "End the sale",
    in1: "1 minute from now", in10: "10 minutes from now", tonight: "midnight", week: "7 days from now",
    running: "{price} instead of {list}", noSale: "No sale", fromAt: "from {at}", untilAt: "until {at}",
    stock: "Stock by store", less: "One piece less", more: "One piece more",
    weather: "The weather", temperature: "Temperature", rain: "Rain", rainUntil: "until",
    people: "People in the stores", minute: "Passing a minute", inside: "There now",
    carrier: { mqtt: "over MQTT", http: "over HTTP" }, none: "no sensor",
    trouble: "When things break", feed: "Shop feed", hook: "Calls from the shop",
    service: "Weather service", sensors: "Sensors", on: "on", off: "off",
    log: "What just happened", reset: "Put all back as on the first day",
    modes: {
      none: "all is well", empty: "feed without items", blank: "empty answer", html: "HTML page",
      truncated: "feed cut short", zero: "prices at zero", currency: "in dollars", 500: "error 500",
      down: "closed (503)", slow: "very slow", missing: "variables missing", nan: "NaN values",
    },
    say: {
      price: "{name} is now {price}.", sale: "{name} is on sale at {price}.",
      "sale-end": "{name} is no longer on sale: {price}.",
      stock: "{name}: {quantity} in {store}.", reset: "All is as on the first day.",
      weather: "{name}: {degrees}, {sky}.", people: "{store}, {zone}: {inside} there now.",
      break: "Shop feed: {mode}.", "weather-break": "Weather service: {mode}.",
      "webhook-on": "The shop calls the server again.",
      "webhook-off": "The shop no longer calls the server.",
      "counting-on": "The sensors count.", "counting-off": "The sensors are silent.",
      call: "The shop called the server {later} ms later: {status}.",
      noAnswer: "The shop called and got no answer: {error}. It tries again.",
      push: "Counts pushed over HTTP: {outcome}.",
    },
    rainy: "rain until {hour}:00", dry: "dry", refused: "Refused: {error}",
  },
};

export const lang = document.documentElement.lang === "fr" ? "fr" : "en";
export const words = WORDS[lang];

export const fill = (phrase, values) =>
  phrase.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

export function money(minor) {
  const figures = (minor / 100).toFixed(2);
  return lang === "fr" ? `${figures.replace(".", ",")}\u00a0€` : `€${figures}`;
}

export const degrees = (value) => `${Math.round(value)}°`.replace("-", "\u2212");

const LOCALE = lang === "fr" ? "fr-FR" : "en-GB";
const CLOCK = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MOMENT = new Intl.DateTimeFormat(LOCALE, {
  weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "Europe/Paris",
});
export const clock = (ms) => CLOCK.format(ms);
export const moment = (iso) => MOMENT.format(new Date(iso));
