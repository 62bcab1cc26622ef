/**
 * What a template is given, from what slot_at chose: the card, offers in the manifest's language, live texts
 * while their gates are fresh, addresses of files.
 */

import { slateView } from "../slate.js";
import { FOREVER_MS } from "./manifest.js";

/** Said instead of a price when not even an offer says it. */
const PRICE_FREE = { fr: "Prix indiqué en rayon", en: "Price on the shelf" };
/** The parts of a brand that are files. */
const BRAND_DRAWINGS = ["mark", "mascot", "skyline"];
const ONE_FILE = new Set(["image", "video"]);

/**
 * One zone's view at `now`, and until when nothing of it but what slot_at knows can change.
 *
 * @param shown of slotAt or timeline; world {plan, offers, freshness}; assetUrl(sha) → address or null
 * @returns {{view, until}} `view.key` is the caller's to set; `ends_in_ms` counts from `now`
 */
export function viewOf(shown, world, now, assetUrl) {
  const { plan } = world;
  const manifest = plan?.manifest ?? null;
  const brand = brandOf(manifest, assetUrl);
  const lang = base(manifest?.language ?? "fr");
  if (shown.card === null) return { view: slateView(brand, lang), until: FOREVER_MS };
  const card = plan.cards.get(shown.card);
  const teller = { world, now, language: manifest.language, assetUrl, until: FOREVER_MS };
  const params = { ...card.params, ...liveParams(card, teller) };
  if (ONE_FILE.has(card.template)) params.url = card.assets.length > 0 ? assetUrl(card.assets[0]) : null;
  if (card.template === "video") params.offset_ms = Math.max(0, now.ms - shown.since);
  const goods = card.goods.map((good) => goodOf(good, shown, teller));
  const qr = card.qr === null ? null : assetUrl(card.qr);
  return { view: { key: "", template: card.template, lang, params, goods, qr, brand }, until: teller.until };
}

/** The manifest's brand with addresses; without a manifest, a nameless one. */
export function brandOf(manifest, assetUrl) {
  const said = { name: "", slogan: "", ...manifest?.brand };
  const drawn = BRAND_DRAWINGS.map((part) => [part, said[part] ? assetUrl(said[part]) : null]);
  return { ...said, ...Object.fromEntries(drawn) };
}

/** Files that the brand needs on every view. */
export function brandFiles(manifest) {
  return BRAND_DRAWINGS.map((part) => manifest.brand[part]).filter(Boolean);
}

function goodOf({ sku, channel, picture }, shown, teller) {
  const offer = teller.world.offers.get(channel)?.offers.get(sku);
  const names = inLanguage(offer?.names, teller.language);
  return {
    sku,
    picture: picture === null ? null : teller.assetUrl(picture),
    name: names.name ?? "",
    lead: names.lead ?? "",
    price: offer ? priceOf(offer, sku, channel, shown, teller) : null,
    pricefree: names.pricefree ?? inLanguage(PRICE_FREE, base(teller.language)),
    stock: offer?.stock ? stockOf(offer.stock, teller) : null,
  };
}

function priceOf(offer, sku, channel, shown, { now, language }) {
  const priced = shown.prices.find((price) => price.sku === sku && price.channel === channel);
  if (!priced) return null;
  const step = offer.steps[priced.step];
  // A view made ahead of its slot is brought on by a transition: never before the step has begun.
  if (step.fromMs + now.uncertaintyMs > now.ms) return null;
  const said = inLanguage(step.texts, language);
  return {
    figures: said.figures,
    cents: said.cents,
    currency: said.currency,
    currency_first: said.currency_first === "1",
    was: said.was ?? null,
    reduction: said.reduction ?? null,
    legal: said.legal ?? null,
    until: said.until ?? null,
    unit: said.unit ?? null,
    comparison: said.comparison ?? null,
    version: `${channel}:${priced.version}:${priced.step}`,
    ends_in_ms: priced.endsAt - now.ms,
  };
}

function stockOf({ gate, texts }, teller) {
  if (!fresh(gate, teller)) return null;
  const { text, figure } = inLanguage(texts, teller.language);
  return text ? { text, figure: figure ?? null } : null;
}

/** Live texts by their parameter; an icon goes to `<parameter>_icon`. A text whose gate is shut is not there. */
function liveParams(card, teller) {
  const found = {};
  for (const [param, key] of Object.entries(card.live)) {
    const live = teller.world.freshness.texts?.get(key);
    if (!live || !fresh(live.gate, teller)) continue;
    const { text, icon } = inLanguage(live.texts, teller.language);
    if (text) found[param] = text;
    if (icon) found[`${param}_icon`] = icon;
  }
  return found;
}

function fresh({ source, maxAgeMs }, teller) {
  const asOf = teller.world.freshness.sources.get(source);
  const end = asOf === undefined ? 0 : asOf + maxAgeMs;
  if (end <= teller.now.ms) return false;
  teller.until = Math.min(teller.until, end);
  return true;
}

const base = (language) => language.split("-")[0];

/** The texts of a language, of its base, or of the first by name, as resolve chooses for cards. */
function inLanguage(texts, language) {
  if (!texts) return {};
  const chosen = [language, base(language), ...Object.keys(texts).sort()].find((name) => Object.hasOwn(texts, name));
  return chosen === undefined ? {} : texts[chosen];
}
