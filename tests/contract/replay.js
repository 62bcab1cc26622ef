/** Replays contract documents on the page's own engine; runs in node and in Chromium alike. */

import { decodeChunk, decodeDeck, decodeManifest, Refused } from "../../player/page/engine/manifest.js";
import { channelState, decodeFreshness } from "../../player/page/engine/offers.js";
import { slotAt, timeline } from "../../player/page/engine/slot_at.js";

const DECODE = { chunk: decodeChunk, deck: decodeDeck, manifest: decodeManifest };
const bytes = (text) => new TextEncoder().encode(text);

/** One line for each case whose wanted answer is not the engine's, and how many cases there were. */
export function mismatches(doc) {
  return doc.cases ? caseMismatches(doc) : objectMismatches(doc);
}

function caseMismatches(doc) {
  const plans = new Map(Object.entries(doc.plans).map(([name, plan]) => [name, readPlan(plan)]));
  const wrong = [];
  for (const asked of doc.cases) {
    const got = canonical(replay(plans.get(asked.plan), asked));
    const want = canonical(asked.want);
    if (got !== want) wrong.push(`${asked.name}: wanted ${want}, got ${got}`);
  }
  return { count: doc.cases.length, wrong };
}

function objectMismatches(doc) {
  const wrong = [];
  const expect = (name, kind, data, reason) => {
    const got = refusal(() => DECODE[kind](data));
    if (got !== reason) wrong.push(`${kind}, ${name}: wanted ${reason}, got ${got}`);
  };
  for (const { kind, text } of doc.read) expect(text, kind, bytes(text), "read");
  const refused = doc.refused.filter((one) => !one.python_only);
  for (const { name, kind, text, reason } of refused) expect(name, kind, bytes(text), reason);
  for (const [kind, most] of Object.entries(doc.too_large)) {
    expect("as large as can be", kind, new Uint8Array(most), "not_json");
    expect("too large", kind, new Uint8Array(most + 1), "too_large");
  }
  return { count: doc.read.length + refused.length, wrong };
}

function refusal(decode) {
  try {
    decode();
    return "read";
  } catch (wrong) {
    return wrong instanceof Refused ? wrong.reason : String(wrong);
  }
}

function readPlan(doc) {
  if (doc === null) return null;
  const chunks = Object.entries(doc.chunks);
  return {
    manifest: decodeManifest(bytes(JSON.stringify(doc.manifest))),
    cards: decodeDeck(bytes(JSON.stringify(doc.deck))),
    chunks: new Map(chunks.map(([sha, chunk]) => [sha, decodeChunk(bytes(JSON.stringify(chunk)))])),
    expiresAt: doc.expires_at,
  };
}

function replay(plan, asked) {
  const inputs = [
    new Map(Object.entries(asked.offers).map(([id, held]) => [id, channelState(held.version, held.offers, held.lease)])),
    decodeFreshness(asked.freshness),
    new Set(asked.held),
    asked.overrides.map(([id, zone, kind, card, fromMs, untilMs]) => ({ id, zone, kind, card, fromMs, untilMs })),
  ];
  const [ms, uncertaintyMs] = asked.now;
  if (!asked.walk) return answer(slotAt(plan, ...inputs, { ms, uncertaintyMs }), writeShown);
  const rows = timeline(plan, ...inputs, ...asked.walk, uncertaintyMs);
  return answer(rows, (zone) => zone.map(writeShown));
}

function answer(zones, write) {
  return Object.fromEntries([...zones].map(([zone, value]) => [zone, write(value)]));
}

function writeShown({ card, since, until, why, variant, because, prices }) {
  return {
    card,
    since,
    until,
    why: why && [why.layer, why.source, why.item],
    variant,
    because,
    prices: prices.map(({ sku, channel, version, step, endsAt }) => [sku, channel, version, step, endsAt]),
  };
}

/** Text that is equal where the values are: members sorted. */
function canonical(value) {
  return JSON.stringify(value, (_, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
