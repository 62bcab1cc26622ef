/**
 * One instant of a screen, painted elsewhere: what the server says of it in, pixels out. It belongs to the page, so
 * that each version of the page's code that is kept can paint the instants of its own time.
 *
 *     const still = new Still(host, async (sha) => url);   // null: that file cannot be had
 *     await still.show({ at, language, brand, shown, card, offers, texts });
 */

import { decodeOffer } from "./engine/offers.js";
import { brandFiles, viewOf } from "./engine/view.js";
import { Stage } from "./stage.js";

const FOREVER_MS = Number.MAX_SAFE_INTEGER;

export class Still {
  #stage = null;
  #fileUrl;

  constructor(host, fileUrl) {
    this.host = host;
    this.#fileUrl = fileUrl;
  }

  async show(still) {
    const { at, card, shown, brand, language } = still;
    const wanted = card ? [...card.assets, ...card.goods.map(({ picture }) => picture), card.qr] : [];
    const shas = [...new Set([...wanted, ...brandFiles({ brand })].filter(Boolean))];
    const files = new Map(await Promise.all(shas.map(async (sha) => [sha, await this.#fileUrl(sha)])));
    const plan = { manifest: { brand, language }, cards: new Map(card ? [[shown.card, card]] : []) };
    const world = { plan, offers: offersOf(still), freshness: freshnessOf(still) };
    const { view } = viewOf(shown, world, { ms: at, uncertaintyMs: 0 }, (sha) => files.get(sha) ?? null);
    this.#stage ??= new Stage(this.host);
    await this.#stage.show({ ...view, key: `${shown.card}@${shown.since}` });
    this.host.dataset.painted = String(at);
  }
}

function offersOf({ offers }) {
  const channels = Object.entries(offers).map(([channel, goods]) => {
    const decoded = Object.entries(goods).map(([sku, offer]) => [sku, decodeOffer(offer)]);
    return [channel, { version: 0, offers: new Map(decoded) }];
  });
  return new Map(channels);
}

/** What was known then is taken as fresh: the server left out what was not. */
function freshnessOf({ at, texts }) {
  const rows = Object.entries(texts);
  const open = (source) => ({ source, maxAgeMs: FOREVER_MS - at });
  return {
    channels: new Map(),
    sources: new Map(rows.map(([, { source }]) => [source, at])),
    texts: new Map(rows.map(([name, text]) => [name, { gate: open(text.source), texts: text.texts }])),
  };
}
