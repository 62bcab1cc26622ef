/**
 * Every template with sample views, for the people who make them. Serve the repository's root and open
 * player/page/gallery.html; `?view=price` fills the window with one, `&art=` says where drawings lie.
 */

import { el } from "./dom.js";
import { pairingView } from "./pairing.js";
import { slateView } from "./slate.js";
import { Stage } from "./stage.js";

const query = new URLSearchParams(location.search);
const ART = new URL(query.get("art") ?? "../../server/demo/art/", location.href).href;
const QR = `data:image/svg+xml;charset=utf-8,%3Csvg%20xmlns%3D%27http%3A%2F%2Fwww.w3.org%2F2000%2Fsvg%27%20viewBox%3D%270%200%2041%2041%27%3E%3Cpath%20fill%3D%27%23fff%27%20d%3D%27M0%200h41v41h-41z%27%2F%3E%3Cpath%20stroke%3D%27%230b1b21%27%20d%3D%27M4%204.5h7m5%200h1m3%200h1m1%200h1m2%200h2m3%200h7m-33%201h1m5%200h1m2%200h3m2%200h2m1%200h2m2%200h1m2%200h1m1%200h1m5%200h1m-33%201h1m1%200h3m1%200h1m2%200h1m2%200h1m2%200h2m1%200h4m1%200h2m1%200h1m1%200h3m1%200h1m-33%201h1m1%200h3m1%200h1m1%200h1m3%200h1m1%200h1m3%200h1m2%200h1m1%200h2m1%200h1m1%200h3m1%200h1m-33%201h1m1%200h3m1%200h1m2%200h1m1%200h1m2%200h2m2%200h4m4%200h1m1%200h3m1%200h1m-33%201h1m5%200h1m1%200h2m4%200h3m1%200h1m3%200h1m1%200h1m1%200h1m5%200h1m-33%201h7m1%200h1m1%200h1m1%200h1m1%200h1m1%200h1m1%200h1m1%200h1m1%200h1m1%200h1m1%200h7m-25%201h2m3%200h1m1%200h1m6%200h3m-24%201h2m3%200h1m2%200h2m3%200h1m1%200h1m2%200h1m4%200h1m1%200h2m1%200h1m-30%201h2m2%200h1m3%200h2m2%200h1m2%200h2m2%200h6m1%200h1m2%200h1m2%200h1m-31%201h5m3%200h1m1%200h1m1%200h2m1%200h3m1%200h1m1%200h4m2%200h4m-33%201h1m1%200h2m1%200h1m3%200h1m1%200h1m1%200h1m4%200h1m1%200h1m1%200h4m1%200h3m1%200h1m-30%201h1m2%200h2m2%200h2m1%200h2m3%200h2m1%200h1m2%200h1m2%200h2m4%200h1m-29%201h2m3%200h1m2%200h1m2%200h4m4%200h1m2%200h2m1%200h4m-33%201h1m2%200h2m1%200h1m3%200h3m1%200h2m3%200h1m2%200h3m2%200h1m4%200h1m-32%201h2m1%200h2m3%200h4m3%200h1m1%200h1m1%200h1m4%200h2m2%200h1m-26%201h3m1%200h1m2%200h1m1%200h1m3%200h4m1%200h1m3%200h2m1%200h1m1%200h1m-30%201h4m3%200h1m2%200h1m1%200h1m1%200h2m1%200h3m1%200h4m2%200h1m2%200h1m-32%201h1m3%200h2m1%200h1m1%200h2m3%200h2m1%200h2m1%200h1m1%200h1m3%200h1m1%200h2m1%200h1m-32%201h3m3%200h1m2%200h1m7%200h1m5%200h1m1%200h1m1%200h2m1%200h2m-33%201h1m1%200h1m3%200h1m6%200h1m1%200h2m1%200h3m2%200h1m1%200h2m-26%201h2m1%200h1m3%200h1m3%200h1m1%200h1m3%200h4m1%200h1m2%200h2m1%200h1m2%200h1m-33%201h4m2%200h2m1%200h1m1%200h10m2%200h6m1%200h1m1%200h1m-30%201h1m3%200h1m1%200h1m4%200h1m1%200h1m3%200h1m2%200h1m3%200h1m1%200h1m1%200h2m-33%201h2m4%200h2m2%200h2m1%200h1m1%200h1m1%200h1m2%200h1m2%200h6m2%200h1m-24%201h3m1%200h2m1%200h7m1%200h2m3%200h1m3%200h1m-33%201h7m3%200h1m1%200h1m1%200h1m2%200h1m1%200h4m1%200h1m1%200h1m1%200h5m-33%201h1m5%200h1m2%200h1m1%200h3m2%200h3m3%200h3m3%200h2m1%200h1m-32%201h1m1%200h3m1%200h1m2%200h1m1%200h1m2%200h1m1%200h2m2%200h1m2%200h6m3%200h1m-33%201h1m1%200h3m1%200h1m3%200h1m1%200h3m2%200h1m1%200h2m4%200h1m1%200h2m3%200h1m-33%201h1m1%200h3m1%200h1m1%200h1m1%200h2m1%200h1m2%200h6m3%200h1m1%200h2m2%200h2m-33%201h1m5%200h1m1%200h6m1%200h4m1%200h1m1%200h8m-30%201h7m3%200h1m4%200h1m1%200h2m4%200h2m1%200h3m3%200h1%27%2F%3E%3C%2Fsvg%3E`;
const HOUR_MS = 3_600_000;

const drawing = (name) => `${ART}goods/${name}.svg`;
/** `&brand=` is another brand's entries, as JSON. */
const OTHER = JSON.parse(query.get("brand") ?? "{}");
const brand = (store) => ({
  name: "Enseigne & fils",
  slogan: "Dehors commence ici.",
  mark: `${ART}brand/mark.svg`,
  mascot: `${ART}brand/mark.svg`,
  skyline: `${ART}brand/skyline-${store}.svg`,
  ...OTHER,
});
const price = (figures, cents = "", more = {}) => ({
  figures, cents, currency: "€", currency_first: false, was: null, reduction: null, legal: null, until: null,
  unit: null, comparison: null,
  version: `v-${figures}-${cents}`, ends_in_ms: HOUR_MS, ...more,
});
const item = (name, lead, picture, priced = null, stock = null) => ({
  sku: name, picture: picture && drawing(picture), name, lead, price: priced, pricefree: "Prix indiqué en rayon", stock,
});
const view = (key, template, params, goods = [], { store = "lille", lang = "fr", qr = null } = {}) => ({
  key, template, lang, params, goods, qr, brand: brand(store),
});

const promotion = price("89", "90", {
  was: "119,90 €", reduction: "−25 %", legal: "Prix le plus bas des 30 derniers jours", until: "Jusqu’au samedi 24 octobre",
});
const few = { text: "Plus que 3 dans ce magasin", figure: "3" };
const bag = item("Estran 28", "Sac à dos en toile cirée, 28 litres", "backpack", promotion, few);

const boot = (priced) => item("Chaussure Galet", "La chaussure de marche", "hiking-boot", priced);
const coat = (priced) => item("Imper Bruine", "L’imperméable de ville", "coat", priced);
const umbrella = (priced) => item("Parapluie Embrun", "Il ne se retourne pas", "umbrella", priced);
const raining = { sky: "rain", headline: "Il pleut à Lille.", second: "Ça tombe bien.", chip: "11°, pluie jusqu’à 17\u00a0h", chip_icon: "rain" };
const long = "Un nom de produit dont personne n’a jamais vu la fin, ".repeat(190);

export const SAMPLES = {
  price: view("price", "price", { cta: "Réservez le vôtre", kicker: "Semaine du dehors" }, [bag], { qr: QR }),
  "price-free": view("price-free", "price", { cta: "Réservez le vôtre", facts: "28 litres, toile cirée|Garanti dix ans" }, [{ ...bag, name: "Estran", lead: "Le sac à dos qui ignore la pluie.", price: null }], { qr: QR }),
  "price-plain": view("price-plain", "price", {}, [item("Bivouac 2", "Tente légère, deux places", "tent", price("249"), few)], { store: "prado" }),
  "price-four": view("price-four", "price", { cta: "Essayez-le" }, [item("Vélo Alizé", "Ville et chemin, neuf vitesses", "bicycle", price("1 299", "90", { was: "1 499,90 €", reduction: "−13 %", legal: "Prix le plus bas des 30 derniers jours", until: "Jusqu’au 31 octobre" }))], { qr: QR, store: "vieux-port" }),
  "price-english": view("price-english", "price", { cta: "Reserve yours" }, [{ ...bag, lead: "Waxed canvas backpack, 28 litres", price: { ...promotion, currency_first: true, was: "€119.90", reduction: "−25%", legal: "Lowest price in the last 30 days", until: "Until Saturday 24 October" }, stock: { text: "3 left in this store", figure: "3" } }], { lang: "en", qr: QR, store: "fort-de-france" }),
  "price-unit": view("price-unit", "price", { cta: "Protégez-la" }, [item("Suroît", "Cire pour toiles et cuirs, 250 ml", "wax-tin", price("12", "90", { unit: "51,60\u00a0€/L" }), few)], { qr: QR, store: "vieux-port" }),
  "price-unit-was": view("price-unit-was", "price", { cta: "Réservez le vôtre" }, [{ ...bag, price: { ...promotion, unit: "3,21\u00a0€/L", comparison: "Prix conseillé par Maison Arva\u00a0: 149,90\u00a0€", legal: "Prix le plus bas avant la première réduction" } }], { qr: QR }),
  "price-compared": view("price-compared", "price", {}, [item("Bivouac 2", "Tente légère, deux places", "tent", price("249", "", { comparison: "Prix conseillé par Arva\u00a0: 299\u00a0€" }), few)], { store: "prado" }),
  "price-unit-four": view("price-unit-four", "price", { cta: "Essayez-le" }, [item("Corde Rade", "Au mètre", "bicycle", price("1\u00a0299", "90", { unit: "12\u00a0999,90\u00a0€/m²", comparison: "Prix conseillé par Arva\u00a0: 1\u00a0599,90\u00a0€" }))], { qr: QR, store: "vieux-port" }),
  "price-bare": view("price-bare", "price", {}, [{ ...bag, name: "Veste imperméable trois couches Grand Large pour homme", lead: "Membrane respirante, coutures étanchées", picture: null, price: { ...promotion, figures: "1\u00a0299", cents: "" } }]),
  "price-long": view("price-long", "price", { cta: long }, [{ ...bag, name: long, lead: long, price: { ...promotion, until: long, legal: long }, stock: { text: long, figure: null } }], { qr: QR }),
  trio: view("trio", "trio", raining, [boot(price("119", "90")), coat(price("149")), umbrella(price("34", "90"))]),
  "trio-free": view("trio-free", "trio", raining, [boot(), coat(), umbrella()]),
  "trio-sun": view("trio-sun", "trio", { sky: "sun", headline: "Grand beau au Prado.", second: "On sort\u00a0?", chip: "24°, soleil jusqu’à 19\u00a0h", chip_icon: "sun" }, [item("Casquette Sel", "", "billed-cap", price("24", "90")), item("Trottinette Mistral", "", "kick-scooter", price("89")), item("Vélo Alizé", "", "bicycle", price("649"))], { store: "prado" }),
  "trio-unit": view("trio-unit", "trio", raining, [boot(price("12", "90", { unit: "34,40\u00a0€/L" })), { ...coat(price("149")), name: "Imperméable trois-quarts Bruine pour homme" }, umbrella(price("1\u00a0034", "90", { unit: "17,45\u00a0€/m" }))]),
  "trio-two": view("trio-two", "trio", raining, [boot(price("1\u00a0119", "90")), { ...coat(price("149")), name: "Imperméable trois-quarts Bruine pour homme" }]),
  elsewhere: view("elsewhere", "elsewhere", { headline: "Elle vous attend à 4 km.", here: "Ici, au Prado :|épuisée", there: "Marseille Vieux-Port", there_note: "quelques exemplaires|ouvert jusqu’à 19\u00a0h 30", distance: "4 km", cta: "Réservez-la là-bas|ou commandez en ligne" }, [item("Galet", "la chaussure de marche", "hiking-boot")], { store: "vieux-port", qr: QR }),
  service: view("service", "service", { headline: "On se serre un peu\u00a0?", second: "La caisse\u00a03 est libre.", figure: "3", arrow: "up", facts: "Attente : environ 2 minutes|À l’étage|l’escalier est derrière vous" }),
  "service-right": view("service-right", "service", { headline: "Retraits à droite.", second: "Caisse 12 ouverte.", figure: "12", arrow: "right", facts: "Attente : moins d’une minute" }, [], { store: "vieux-port" }),
  message: view("message", "message", { headline: "Ouvert dimanche", second: "de 10 h à 18 h", lead: "Rue Esquermoise, comme tous les dimanches d’octobre.", sky: "mist" }),
  "message-good": view("message-good", "message", { headline: "Atelier entretien", second: "samedi à 15 h", lead: "Apportez vos chaussures, nous avons la cire.", sky: "sun", cta: "Inscrivez-vous" }, [item("Galet", "", "hiking-boot")], { qr: QR, store: "fort-de-france" }),
  "message-order": view("message-order", "message", { headline: "Il vient jusque chez vous.", cta: "Commandez en ligne" }, [item("Chaussure Galet", "La chaussure de marche", "hiking-boot")], { qr: QR, store: "prado" }),
  "message-gone": view("message-gone", "message", { headline: "Bientôt de retour" }, [item("Vélo Alizé", "Ville et chemin, neuf vitesses", "bicycle")], { store: "vieux-port" }),
  image: view("image", "image", { url: drawing("kite"), fit: "contain" }),
  slate: { ...slateView(brand("lille")), key: "slate-sample" },
  "slate-bare": slateView(),
  pairing: pairingView({ code: "K7M-4PX", url: "https://studio.example/pair", fingerprint: "SHA256:9f3a61c07be2d4185a6c", server: "studio.example", qr: QR }),
  "pairing-bare": pairingView({ code: "K7M-4PX", url: "https://studio.example/pair", fingerprint: "9f3a61c07be2d4185a6c", server: "studio.example" }),
};

function hang(wall, name, shape) {
  const host = el("div", shape);
  wall.append(el("figure", "", host, shape === "full" ? null : el("figcaption", "", name)));
  const stage = new Stage(host);
  return stage.show(SAMPLES[name]).then(() => stage);
}

const wall = document.querySelector("#wall");
if (wall) {
  const one = query.get("view");
  const shapes = one ? ["full"] : ["landscape", "portrait"];
  wall.classList.toggle("one", Boolean(one));
  const names = one ? [one] : Object.keys(SAMPLES);
  const hung = Promise.all(names.flatMap((name) => shapes.map((shape) => hang(wall, name, shape))));
  hung.then(() => document.documentElement.setAttribute("data-ready", ""));
}
