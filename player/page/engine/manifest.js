/**
 * Chunks, decks and manifests from their bytes: the twin of playlists/codec.py.
 *
 * Give the bytes whose sha256 was checked. What is off throws Refused with the same reason words as there
 * (too_large, not_json, version, shape); that bytes are canonical is the hash's business here.
 */

const FORMAT = 1;
const LAYERS = ["emergency", "override", "takeover", "campaign", "base", "slate"];
/** An `until` that never comes. */
export const FOREVER_MS = Number.MAX_SAFE_INTEGER;

const MAX_CHUNK_BYTES = 4 * 1024 * 1024;
const MAX_DECK_BYTES = 4 * 1024 * 1024;
const MAX_MANIFEST_BYTES = 256 * 1024;
const MAX_DAY_MS = 28 * 3_600_000;
const MAX_SLOTS = 20_000;
const MAX_LOOPS = 5_000;
const MAX_LOOP = 20_000;
const MAX_SEGMENTS = 5_000;
const MAX_GATES = 1_000;
const MAX_SLOT_GATES = 64;
const MAX_ZONES = 16;
const MAX_DAYS = 62;
const MAX_CARDS = 10_000;
const MAX_PARAMS = 64;
const MAX_PARAM_CHARS = 4_000;
const MAX_GOODS = 24;
const MAX_ASSETS = 64;
const MAX_BRAND = 16;
const MAX_CHANNELS = 64;
const MAX_NAME_CHARS = 160;
const MAX_PIXELS = 32_768;
const WHOLE_SCREEN = 10_000;

const ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;
/** Spaces are listed as Python's \s counts them. */
const SKU = /^[^\x00-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000@:{}]{1,64}$/u;
const SHA256 = /^[0-9a-f]{64}$/;
const CARD_ID = /^[0-9a-f]{10}$/;
const NAME = /^[!-~]+$/;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** Nothing of these bytes may be used; `reason` is one stable word. */
export class Refused extends Error {
  constructor(reason, message) {
    super(message);
    this.name = "Refused";
    this.reason = reason;
  }
}

/** @param {Uint8Array} bytes @returns chunk {lengthMs, slots, zones: Map(zone → [{fromMs, loop}])} */
export function decodeChunk(bytes) {
  const body = parse(bytes, MAX_CHUNK_BYTES);
  const lengthMs = whole(body.length, "length", 1, MAX_DAY_MS);
  const gates = list(body.gates, "gates", MAX_GATES).map((gate, at) => readGate(gate, `gates/${at}`));
  const slots = list(body.slots, "slots", MAX_SLOTS).map((slot, at) => readSlot(slot, `slots/${at}`, gates));
  const zones = new Map();
  for (const [zone, value] of table(body.zones, "zones", MAX_ZONES)) {
    zones.set(match(zone, "zones", ID), readZone(value, `zones/${zone}`, lengthMs, slots.length));
  }
  return { lengthMs, slots, zones };
}

/** @param {Uint8Array} bytes @returns Map(card id → card) */
export function decodeDeck(bytes) {
  const body = parse(bytes, MAX_DECK_BYTES);
  const cards = new Map();
  for (const [name, card] of table(body.cards, "cards", MAX_CARDS)) {
    cards.set(match(name, "cards", CARD_ID), readCard(card, `cards/${name}`));
  }
  return cards;
}

/** @param {Uint8Array} bytes @returns manifest; a plan is {manifest, cards, chunks: Map(sha256 → chunk), expiresAt} */
export function decodeManifest(bytes) {
  const body = parse(bytes, MAX_MANIFEST_BYTES);
  const size = list(body.size, "size", 2, 2);
  const layout = list(body.layout, "layout", MAX_ZONES, 1).map((box, at) => readBox(box, `layout/${at}`));
  need(new Set(layout.map((box) => box.id)).size === layout.length, "layout");
  const days = list(body.days, "days", MAX_DAYS).map((day, at) => readDay(day, `days/${at}`));
  days.forEach((day, at) => {
    const before = days[at - 1];
    need(!before || (before.untilMs <= day.fromMs && before.date < day.date), `days/${at}`);
  });
  return {
    store: match(body.store, "store", ID),
    language: match(body.lang, "lang", ID),
    timeZone: name(body.zone, "zone"),
    size: size.map((side) => whole(side, "size", 1, MAX_PIXELS)),
    layout,
    brand: texts(body.brand, "brand", MAX_BRAND, MAX_PARAM_CHARS),
    channels: list(body.channels, "channels", MAX_CHANNELS).map((channel) => name(channel, "channels")),
    deck: match(body.deck, "deck", SHA256),
    days,
  };
}

function parse(bytes, most) {
  if (bytes.length > most) throw new Refused("too_large", `${bytes.length} bytes, over ${most}.`);
  let body;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (wrong) {
    throw new Refused("not_json", wrong.message);
  }
  object(body, "");
  if (body.v !== FORMAT) throw new Refused("version", `Format ${FORMAT} is understood here, not ${body.v}.`);
  return body;
}

function readGate(value, path) {
  const [source, maxAgeMs] = list(value, path, 2, 2);
  return { source: name(source, path), maxAgeMs: whole(maxAgeMs, path, 1) };
}

function readSlot(value, path, gates) {
  object(value, path);
  const [layer, source, item] = list(value.w, `${path}/w`, 3, 3);
  need(LAYERS.includes(layer), `${path}/w`);
  return {
    card: match(value.c, `${path}/c`, CARD_ID),
    durationMs: whole(value.d, `${path}/d`, 1, MAX_DAY_MS),
    why: {
      layer,
      source: text(source, `${path}/w`, MAX_NAME_CHARS),
      item: text(item, `${path}/w`, MAX_NAME_CHARS),
    },
    fallback: value.f === undefined ? null : match(value.f, `${path}/f`, CARD_ID),
    gates: indices(value.g ?? [], `${path}/g`, MAX_SLOT_GATES, gates.length).map((index) => gates[index]),
  };
}

function readZone(value, path, lengthMs, slots) {
  object(value, path);
  const loops = list(value.loops, `${path}/loops`, MAX_LOOPS).map((loop, at) =>
    indices(loop, `${path}/loops/${at}`, MAX_LOOP, slots),
  );
  let least = 0;
  return list(value.segments, `${path}/segments`, MAX_SEGMENTS).map((segment, at) => {
    const [from, loop] = list(segment, `${path}/segments/${at}`, 2, 2);
    const fromMs = whole(from, `${path}/segments/${at}`, least, lengthMs - 1);
    least = fromMs + 1;
    return { fromMs, loop: loops[whole(loop, `${path}/segments/${at}`, 0, loops.length - 1)] };
  });
}

/** A card as it stands in a deck. */
export function readCard(value, path) {
  object(value, path);
  const params = {};
  for (const [key, param] of table(value.p, `${path}/p`, MAX_PARAMS)) {
    define(params, key, typeof param === "string"
      ? text(param, `${path}/p`, MAX_PARAM_CHARS)
      : whole(param, `${path}/p`, -Number.MAX_SAFE_INTEGER));
  }
  need(value.n === undefined || value.n === "fallback", `${path}/n`);
  return {
    template: match(value.t, `${path}/t`, ID),
    params,
    goods: list(value.s, `${path}/s`, MAX_GOODS).map((good, at) => readGood(good, `${path}/s/${at}`)),
    live: texts(value.l ?? {}, `${path}/l`, MAX_PARAMS, MAX_NAME_CHARS),
    assets: list(value.a ?? [], `${path}/a`, MAX_ASSETS).map((sha) => match(sha, `${path}/a`, SHA256)),
    qr: value.q === undefined ? null : match(value.q, `${path}/q`, SHA256),
    priceLoss: value.n ?? "price_free",
  };
}

function readGood(value, path) {
  object(value, path);
  return {
    sku: match(value.k, `${path}/k`, SKU),
    channel: name(value.c, `${path}/c`),
    picture: value.i === undefined ? null : match(value.i, `${path}/i`, SHA256),
  };
}

function readBox(value, path) {
  const [id, ...numbers] = list(value, path, 6, 6);
  const [x, y, w, h] = numbers.slice(0, 4).map((number) => whole(number, path, 0, WHOLE_SCREEN));
  need(w > 0 && h > 0 && x + w <= WHOLE_SCREEN && y + h <= WHOLE_SCREEN, path);
  return { id: match(id, path, ID), x, y, w, h, locked: whole(numbers[4], path, 0, 1) === 1 };
}

function readDay(value, path) {
  const [date, from, until, chunk] = list(value, path, 4, 4);
  const fromMs = whole(from, path);
  return {
    date: match(date, path, DATE),
    fromMs,
    untilMs: whole(until, path, fromMs + 1, fromMs + MAX_DAY_MS),
    chunk: match(chunk, path, SHA256),
  };
}

function need(holds, path) {
  if (!holds) throw new Refused("shape", `${path || "/"} is not as specified.`);
}

function object(value, path) {
  need(typeof value === "object" && value !== null && !Array.isArray(value), path);
}

function table(value, path, most) {
  object(value, path);
  const rows = Object.entries(value);
  need(rows.length <= most, path);
  return rows;
}

function texts(value, path, most, chars) {
  const found = {};
  for (const [key, inner] of table(value, path, most)) define(found, key, text(inner, path, chars));
  return found;
}

/** Like found[key] = value, but for a key such as __proto__ too. */
function define(found, key, value) {
  Object.defineProperty(found, key, { value, enumerable: true });
}

function list(value, path, most, least = 0) {
  need(Array.isArray(value) && least <= value.length && value.length <= most, path);
  return value;
}

function indices(value, path, most, below) {
  const inside = (number) => Number.isInteger(number) && 0 <= number && number < below;
  need(list(value, path, most).every(inside), path);
  return value;
}

function whole(value, path, least = 0, most = Number.MAX_SAFE_INTEGER) {
  need(Number.isSafeInteger(value) && least <= value && value <= most, path);
  return value;
}

function text(value, path, most) {
  need(typeof value === "string" && value.length <= 2 * most && [...value].length <= most, path);
  return value;
}

function match(value, path, pattern) {
  need(typeof value === "string" && pattern.test(value), path);
  return value;
}

function name(value, path) {
  return match(text(value, path, MAX_NAME_CHARS), path, NAME);
}
