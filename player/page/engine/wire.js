/**
 * Messages from the server, read as playlists/wire reads them: strict on every known field (Invalid, with
 * its path), blind to those that a newer server added. What comes back holds known fields only, in wire form.
 */

const MAX_WHOLE = Number.MAX_SAFE_INTEGER;
const MAX_TEXT = 2_000;
const MAX_NONCE = 128;
const MAX_TOKEN = 65_536;
const MAX_NAME = 140;
const MAX_LINE = 400;
const MAX_LANGUAGES = 16;
const MAX_KEYS = 32;
const MAX_OFFERS = 50_000;
const MAX_STEPS = 200;
const MAX_REASON = 80;
const MAX_BECAUSE = 8;
/** Parts that a step has at the least; one more, its reasons, where it has any. */
const STEP_PARTS = 5;
const MAX_CHANNELS = 1_000;
const MAX_SOURCES = 5_000;
const MAX_LIVE_TEXTS = 2_000;
const PUBLIC_KEY_BYTES = 32;

const USES = ["head", "offers", "freshness", "time", "watch"];
const PULLS = ["head", "offers", "freshness", "keys"];

const ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const SKU = /^[^\s@:{}\x00-\x1f]{1,64}$/u;
const KID = /^[0-9a-f]{16}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

/** A value that is refused; `field` is its path. */
export class Invalid extends Error {
  constructor(message, field = "") {
    super(message);
    this.name = "Invalid";
    this.field = field;
  }
}

/** Parse JSON text without fractions, exponents, numbers beyond MAX_WHOLE or lone surrogates. */
export function parseJson(text) {
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  if (/[0-9][.eE]/.test(bare) || (bare.match(/[0-9]{16,}/g) ?? []).some((digits) => Number(digits) > MAX_WHOLE)) {
    throw new Invalid("Numbers must be whole.");
  }
  let value;
  try {
    value = JSON.parse(text, /\\ud/i.test(text) ? refuseLoneSurrogate : undefined);
  } catch {
    throw new Invalid("This is not JSON as we write it.");
  }
  return value;
}

export function readHead(value) {
  const at = formatOne(value);
  const issuedAt = whole(at, "issued_at");
  return {
    v: 1,
    screen: matched(at, "screen", ID),
    revision: whole(at, "revision", 1),
    manifest: matched(at, "manifest", SHA256),
    issued_at: issuedAt,
    expires_at: whole(at, "expires_at", issuedAt + 1),
  };
}

export function readTime(value) {
  const at = formatOne(value);
  return { v: 1, nonce: text(at, "nonce", MAX_NONCE), now: whole(at, "now") };
}

/** The keys document; that each kid is its key's own is checked where it is admitted (it needs a hash). */
export function readKeys(value) {
  const at = formatOne(value);
  const keys = items(at, "keys", MAX_KEYS).map(([path, entry]) => {
    const key = fields(entry, path);
    const x = matched(key, "x", BASE64URL);
    // 43 letters are 32 bytes and two bits to spare, which the only spelling leaves at zero
    if (x.length !== Math.ceil((PUBLIC_KEY_BYTES * 4) / 3) || !"AEIMQUYcgkosw048".includes(x.at(-1))) {
      throw new Invalid("A raw Ed25519 public key has 32 bytes.", key.at("x"));
    }
    return {
      kid: matched(key, "kid", KID),
      x,
      uses: items(key, "uses", USES.length * 4).map(([, use]) => use).filter((use) => USES.includes(use)),
      from: whole(key, "from"),
      until: whole(key, "until"),
    };
  });
  return { v: 1, version: whole(at, "version", 1), issued_at: whole(at, "issued_at"), keys };
}

export function readOffers(value) {
  const at = formatOne(value);
  const from = whole(at, "from");
  return {
    v: 1,
    channel: text(at, "channel", MAX_NAME),
    from,
    to: whole(at, "to", from + 1),
    set: items(at, "set", MAX_OFFERS).map(([path, offer]) => readOffer(offer, path)),
    gone: items(at, "gone", MAX_OFFERS).map(([path, sku]) => checkSku(sku, path)),
    lease: has(at, "lease") ? row(get(at, "lease"), "lease", 2).map((number) => checkWhole(number, "lease")) : [0, 0],
  };
}

export function readFreshness(value) {
  const at = formatOne(value);
  const sources = fields(get(at, "sources"), "sources");
  const texts = fields(get(at, "texts"), "texts");
  return {
    v: 1,
    store: matched(at, "store", ID),
    issued_at: whole(at, "issued_at", 1),
    channels: table(at, "channels", MAX_CHANNELS, (lease, name) =>
      row(lease, `channels/${name}`, 3).map((number) => checkWhole(number, `channels/${name}`))),
    sources: table(at, "sources", MAX_SOURCES, (_, name) => whole(sources, name)),
    texts: table(at, "texts", MAX_LIVE_TEXTS, (live, name) => {
      const inner = fields(live, texts.at(name));
      return { g: gate(inner, "g"), t: textsOf(inner, "t", ["text"], ["icon"]) };
    }),
  };
}

export function readChallenge(value) {
  return { nonce: text(fields(value), "nonce", MAX_NONCE) };
}

export function readWelcome(value) {
  const at = fields(value);
  return {
    token: text(at, "token", MAX_TOKEN),
    time: text(at, "time", MAX_TOKEN),
    report_ms: whole(at, "report_ms", 1_000),
  };
}

export function readRefusal(value) {
  const at = fields(value);
  return { code: text(at, "code", 64), message: text(at, "message", MAX_TEXT, true) };
}

export function readPull(value) {
  const at = fields(value);
  const what = get(at, "what");
  if (!PULLS.includes(what)) throw new Invalid(`What is pulled is one of ${PULLS.join(", ")}.`, "what");
  return what === "offers" ? { what, channel: text(at, "channel", MAX_NAME) } : { what };
}

function readOffer(value, path) {
  const at = fields(value, path);
  const steps = items(at, "st", MAX_STEPS).map(([where, step]) => readStep(step, where));
  for (let index = 1; index < steps.length; index += 1) {
    const until = steps[index - 1][1];
    if (until === null || until > steps[index][0]) {
      throw new Invalid("Steps stand in order and do not overlap.", at.at("st"));
    }
  }
  const offer = {
    k: checkSku(text(at, "k"), at.at("k")),
    cur: text(at, "cur", 3, true),
    st: steps,
    nm: textsOf(at, "nm", ["name"], ["lead", "pricefree"]),
  };
  if (has(at, "sk")) {
    const stock = fields(get(at, "sk"), at.at("sk"));
    offer.sk = { g: gate(stock, "g"), t: textsOf(stock, "t", ["text"], ["figure"]) };
  }
  if (has(at, "r")) offer.r = text(at, "r", MAX_REASON);
  if (has(at, "at")) offer.at = whole(at, "at");
  return offer;
}

function readStep(value, path) {
  const [from, until, price, prior, texts] = row(value, path, STEP_PARTS);
  checkWhole(from, path);
  if (until !== null) checkWhole(until, path, from + 1);
  checkWhole(price, path);
  if (prior !== null) checkWhole(prior, path, price + 1);
  const needed = ["figures", "cents", "currency", "currency_first"];
  const allowed = ["was", "reduction", "legal", "until", "unit", "comparison"];
  const step = [from, until, price, prior, textsOf(fields({ texts }, path), "texts", needed, allowed)];
  return value.length === STEP_PARTS ? step : [...step, becauseOf(value[STEP_PARTS], path)];
}

/** Why something stands beside the price or does not, as codes. */
function becauseOf(codes, path) {
  const at = { raw: { because: codes }, at: () => path };
  return items(at, "because", MAX_BECAUSE).map(([where, code]) => checkText(code, where, MAX_REASON));
}

function textsOf(parent, name, needed, allowed) {
  return table(parent, name, MAX_LANGUAGES, (parts, language) => {
    const at = fields(parts, `${parent.at(name)}/${language}`);
    if (!LANGUAGE.test(language)) throw new Invalid("A language is written like fr or fr-BE.", at.path);
    const known = [...needed, ...allowed].filter((part) => needed.includes(part) || has(at, part));
    return Object.fromEntries(known.map((part) => [part, text(at, part, MAX_LINE, true)]));
  });
}

function gate(at, name) {
  const [source, maxAge] = row(get(at, name), at.at(name), 2);
  return [checkText(source, at.at(name), MAX_NAME), checkWhole(maxAge, at.at(name), 1)];
}

// --- fields, as playlists/fields.py ---------------------------------------------------------------

function fields(value, path = "") {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Invalid("An object is needed here.", path);
  }
  return { raw: value, path, at: (name) => (path ? `${path}/${name}` : name) };
}

function formatOne(value) {
  const at = fields(value);
  if (whole(at, "v") !== 1) throw new Invalid("Format 1 is understood here; update this side.", "v");
  return at;
}

function has(at, name) {
  return Object.hasOwn(at.raw, name) && at.raw[name] !== null;
}

function get(at, name) {
  if (!Object.hasOwn(at.raw, name)) throw new Invalid("This field is missing.", at.at(name));
  return at.raw[name];
}

function whole(at, name, low = 0) {
  return checkWhole(get(at, name), at.at(name), low);
}

function text(at, name, limit = MAX_TEXT, empty = false) {
  return checkText(get(at, name), at.at(name), limit, empty);
}

function matched(at, name, pattern) {
  const found = text(at, name);
  if (!pattern.test(found)) throw new Invalid("This is not written as it must be.", at.at(name));
  return found;
}

function items(at, name, limit) {
  const list = get(at, name);
  if (!Array.isArray(list) || list.length > limit) {
    throw new Invalid(`A list of at most ${limit} entries is needed.`, at.at(name));
  }
  return list.map((entry, index) => [`${at.at(name)}/${index}`, entry]);
}

function table(at, name, limit, read) {
  const entries = Object.entries(fields(get(at, name), at.at(name)).raw);
  if (entries.length > limit) throw new Invalid(`At most ${limit} entries may stand here.`, at.at(name));
  return Object.fromEntries(entries.map(([key, value]) => {
    checkText(key, at.at(name), MAX_NAME);
    return [key, read(value, key)];
  }));
}

function row(value, path, columns) {
  if (!Array.isArray(value) || value.length < columns) {
    throw new Invalid(`A row of ${columns} values is needed.`, path);
  }
  return value.slice(0, columns);
}

function checkWhole(value, path, low = 0) {
  if (!Number.isSafeInteger(value) || value < low) {
    throw new Invalid(`A whole number from ${low} on is needed.`, path);
  }
  return value;
}

function checkText(value, path, limit, empty = false) {
  const fits = typeof value === "string" && (value.length <= limit || [...value].length <= limit);
  if (!fits || !(value || empty)) {
    throw new Invalid(`A text of at most ${limit} characters is needed.`, path);
  }
  if (value.includes("\0") || !value.isWellFormed()) {
    throw new Invalid("A text has no NUL and no half of a character.", path);
  }
  return value;
}

function checkSku(value, path) {
  if (!SKU.test(checkText(value, path, MAX_TEXT))) throw new Invalid("A SKU has no spaces, @, :, { or }.", path);
  return value;
}

function refuseLoneSurrogate(key, value) {
  if (!key.isWellFormed() || (typeof value === "string" && !value.isWellFormed())) throw new Invalid("Not UTF-8.");
  return value;
}
