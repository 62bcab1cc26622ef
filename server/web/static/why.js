/** The page of an instant: paints it as the screen does, follows the present where asked, copies as text. */

import { decodeOffer } from "/page/engine/offers.js";
import { brandFiles, viewOf } from "/page/engine/view.js";
import { Stage } from "/page/stage.js";
import { shape } from "./glass.js";
import { keepLive } from "./live.js";

const RENEW_MS = 10_000;
const SHORTEST_MS = 700;
/** A turn is asked about this long after it should have begun. */
const LATE_MS = 250;
const FOREVER_MS = Number.MAX_SAFE_INTEGER;

const main = document.getElementById("main");
const glass = document.querySelector("[data-stage]");
const files = new Map();
let stage = null;

async function paint() {
  const still = JSON.parse(main.dataset.still);
  const { at, card, shown, brand, language } = still;
  const wanted = card ? [...card.assets, ...card.goods.map(({ picture }) => picture), card.qr] : [];
  await Promise.all([...wanted, ...brandFiles({ brand })].filter(Boolean).map(fetchFile));
  const plan = { manifest: { brand, language }, cards: new Map(card ? [[shown.card, card]] : []) };
  const world = { plan, offers: offersOf(still), freshness: freshnessOf(still) };
  const { view } = viewOf(shown, world, { ms: at, uncertaintyMs: 0 }, (sha) => files.get(sha) ?? null);
  stage ??= new Stage(glass);
  await stage.show({ ...view, key: `${shown.card}@${shown.since}` });
  glass.dataset.painted = String(at);
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
async function fetchFile(sha) {
  if (files.has(sha)) return;
  const { key } = main.dataset;
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const answer = await fetch(key ? `/player/v1/assets/${sha}` : `/media/${sha}`, { headers });
  if (answer.ok) files.set(sha, URL.createObjectURL(await answer.blob()));
}

function copying() {
  const button = document.querySelector("[data-copy]");
  button.hidden = !navigator.clipboard;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = label), 2_000);
  });
}

const repaint = () => paint().catch((error) => console.warn(String(error)));
shape(glass);
copying();
repaint();
if ("follows" in main.dataset) {
  let ahead = Number(main.dataset.now) - Date.now();
  const left = () => Number(main.dataset.until) - (Date.now() + ahead) + LATE_MS;
  keepLive(() => Math.min(RENEW_MS, Math.max(SHORTEST_MS, left())), () => {
    ahead = Number(main.dataset.now) - Date.now();
    repaint();
  });
}
