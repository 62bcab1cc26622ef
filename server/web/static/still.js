/** Paints an instant of a screen from what the server says of it, with the code that paints in the shop. */

import { decodeOffer } from "/page/engine/offers.js";
import { brandFiles, viewOf } from "/page/engine/view.js";
import { Stage } from "/page/stage.js";

const FOREVER_MS = Number.MAX_SAFE_INTEGER;
const files = new Map();

/** One host's instants. `key` is a watch link's, empty for whoever is signed in. */
export class Still {
  #stage = null;

  constructor(host, key) {
    this.host = host;
    this.key = key;
  }

  async show(still) {
    const { at, card, shown, brand, language } = still;
    const wanted = card ? [...card.assets, ...card.goods.map(({ picture }) => picture), card.qr] : [];
    await Promise.all([...wanted, ...brandFiles({ brand })].filter(Boolean).map((sha) => fetchFile(sha, this.key)));
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

/** With a watch link through the players' door; else as the person who is signed in. */
async function fetchFile(sha, key) {
  if (files.has(sha)) return;
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const answer = await fetch(key ? `/player/v1/assets/${sha}` : `/media/${sha}`, { headers });
  if (answer.ok) files.set(sha, URL.createObjectURL(await answer.blob()));
}
