/**
 * Verify, then admit: the twin of playlists/admission.py, trusted_time.py and trusted_json.py; read the rules
 * there. The state is plain JSON. Every admit function answers {state, effects} or throws Refused and leaves
 * all as it was. Persist `toJson(state)` before acting on the effects:
 *
 *   {effect: "changed", what, subject}   {effect: "fetch", manifest}
 *   {effect: "pull", what, channel}      {effect: "ignored", what, reason: "same" | "replay"}
 */

import { newRing, openToken, renewed, sha256, stable } from "./jws.js";
import { Refused } from "./manifest.js";
import { readFreshness, readHead, readOffers, readTime } from "./wire.js";

const DRIFT_PPM = 100;
const MAX_ROUND_TRIP_MS = 10_000;
const NO_TIME = { mark: 0, seen: 0, kid: "", offset: null, anchoredAt: 0, uncertainty: 0 };

/** A screen that was just paired: its id and the root key (base64url) that was shown. */
export function newState(screen, root) {
  return { screen, ring: newRing(root), head: null, channels: {}, freshness: {}, wanted: [], time: NO_TIME };
}

/** What outlives a restart, in the form of playlists/trusted_json.py. */
export function toJson(state) {
  const { screen, ring, head, channels, freshness, wanted, time } = state;
  const { mark, seen, kid } = time;
  return { v: 1, screen, root: ring.root, keys: ring.token, head, channels, freshness, wanted, time: { mark, seen, kid } };
}

/** Undo toJson; the keys document's signature is checked again. Throws Refused. */
export async function fromJson(json) {
  if (json.v !== 1) throw new Refused("format", "This state was kept by another version.");
  const { screen, root, keys, head, channels, freshness, wanted, time } = json;
  const ring = keys ? await renewed(newRing(root), keys) : newRing(root);
  return { screen, ring, head, channels, freshness, wanted, time: { ...NO_TIME, ...time } };
}

/** `bytes`, if they are whole and what their address says. Throws Refused truncated. */
export async function checkObject(address, bytes) {
  if ((await sha256(bytes)) !== address) throw new Refused("truncated", "Fetch these bytes again.");
  return bytes;
}

export async function admitKeys(state, token) {
  const ring = await renewed(state.ring, token);
  if (ring === state.ring) return { state, effects: [ignored("keys", "same")] };
  const live = ring.document.keys.map((key) => key.kid);
  const effects = [changed("keys")];
  let { head, time } = state;
  if (head !== null && !live.includes(head.kid)) {
    head = null;
    effects.push(pull("head"));
  }
  const lost = names(state.channels).filter((name) => !state.channels[name].kids.every((kid) => live.includes(kid)));
  effects.push(...lost.map((channel) => pull("offers", channel)));
  const stale = names(state.freshness).filter((store) => !live.includes(state.freshness[store].kid));
  if (stale.length > 0) effects.push(pull("freshness"));
  if (time.kid && !live.includes(time.kid)) {
    time = NO_TIME;
    effects.push(changed("time"));
  }
  const channels = without(state.channels, lost);
  const freshness = without(state.freshness, stale);
  return { state: { ...state, ring, head, channels, freshness, time }, effects };
}

/** `now` is {ms, uncertaintyMs: number|null} here and below. */
export async function admitHead(state, token, now) {
  const { payload, data, kid } = await read(state, token, "head", now, readHead);
  if (payload.screen !== state.screen) throw new Refused("wrong_screen", `This head is for ${payload.screen}.`);
  const held = state.head;
  const digest = await sha256(data);
  const next = { ...state, head: { payload, digest, kid } };
  if (held !== null && payload.revision < held.payload.revision) {
    throw new Refused("rollback", "This head is older than the one held.");
  }
  if (held !== null && payload.revision === held.payload.revision) {
    if (digest !== held.digest) throw new Refused("equivocation", "There are two heads of one revision.");
    return { state: next, effects: [ignored("head", "same")] };
  }
  if (now.uncertaintyMs !== null && now.ms - now.uncertaintyMs >= payload.expires_at) {
    throw new Refused("expired", "This head is over; a newer one must exist.");
  }
  return { state: next, effects: [changed("head"), { effect: "fetch", manifest: payload.manifest }] };
}

export async function admitOffers(state, token, now) {
  const { payload, kid } = await read(state, token, "offers", now, readOffers);
  const { channel, from, to } = payload;
  const held = own(state.channels, channel);
  const version = held?.version ?? 0;
  const holds = (held?.offers ?? null) !== null;
  if (to < version || (from > 0 && to === version)) return { state, effects: [ignored("offers", "replay")] };
  if (from > 0 && (!holds || from !== version)) return { state, effects: [pull("offers", channel)] };
  const offers = new Map(from > 0 ? held.offers.map((offer) => [offer.k, offer]) : []);
  for (const sku of payload.gone) offers.delete(sku);
  for (const offer of payload.set) offers.set(offer.k, offer);
  const sorted = [...offers.values()].sort((a, b) => (a.k < b.k ? -1 : 1));
  const kids = [...new Set([...(from > 0 ? held.kids : []), kid])].sort();
  const same = holds && to === version;
  if (same && stable(sorted) !== stable(held.offers)) {
    throw new Refused("equivocation", "There are two snapshots of one version.");
  }
  const known = held?.lease ?? [0, 0];
  const lease = same && before(payload.lease, known) ? known : payload.lease;
  const channels = { ...state.channels, [channel]: { version: to, kids, offers: sorted, lease } };
  const effect = same ? ignored("offers", "same") : changed("offers", channel);
  return { state: { ...state, channels }, effects: [effect] };
}

export async function admitFreshness(state, token, now) {
  const { payload, kid } = await read(state, token, "freshness", now, readFreshness);
  const held = own(state.freshness, payload.store);
  if (held && payload.issued_at < held.payload.issued_at) {
    return { state, effects: [ignored("freshness", "replay")] };
  }
  const same = held !== undefined && payload.issued_at === held.payload.issued_at;
  if (same && stable(payload) !== stable(held.payload)) {
    throw new Refused("equivocation", "There are two freshness messages of one instant.");
  }
  const next = { ...state, freshness: { ...state.freshness, [payload.store]: { payload, kid } } };
  if (same) return { state: next, effects: [ignored("freshness", "same")] };
  const behind = names(payload.channels).filter((channel) => {
    const inUse = own(state.channels, channel);
    const holds = (inUse?.offers ?? null) !== null;
    return (holds || state.wanted.includes(channel)) && payload.channels[channel][0] > (holds ? inUse.version : 0);
  });
  const pulls = behind.map((channel) => pull("offers", channel));
  return { state: next, effects: [changed("freshness", payload.store), ...pulls] };
}

/** The answer to `nonce`; `sentAt` and `receivedAt` are whole monotonic milliseconds. */
export async function admitTime(state, token, nonce, sentAt, receivedAt) {
  const { payload, kid } = await read(state, token, "time", { ms: 0, uncertaintyMs: null }, readTime);
  if (payload.nonce !== nonce) throw new Refused("nonce", "This answers another question.");
  await openToken(token, "time", state.ring, payload.now);
  return { state: { ...state, time: told(state.time, payload.now, sentAt, receivedAt, kid) }, effects: [changed("time")] };
}

/** Hold these channels and no others: pull what lacks, keep the marks of the rest. */
export function follow(state, wantedChannels) {
  const wanted = [...new Set(wantedChannels)].sort();
  const channels = Object.fromEntries(Object.entries(state.channels).map(([name, held]) =>
    [name, wanted.includes(name) ? held : { ...held, offers: null }]));
  const lacking = wanted.filter((name) => (own(channels, name)?.offers ?? null) === null);
  return { state: { ...state, channels, wanted }, effects: lacking.map((channel) => pull("offers", channel)) };
}

/** {ms, uncertaintyMs}: null uncertainty without a signed answer since the start. */
export function nowOf(time, monotonicMs, wallMs) {
  if (time.offset === null || monotonicMs < time.anchoredAt) {
    return { ms: Math.max(wallMs, time.mark, time.seen), uncertaintyMs: null };
  }
  return { ms: Math.max(monotonicMs + time.offset, time.mark), uncertaintyMs: uncertainty(time, monotonicMs) };
}

/** With `seen` moved on, to be saved now and then. */
export function ticked(time, monotonicMs) {
  const now = nowOf(time, monotonicMs, 0);
  return now.uncertaintyMs === null ? time : { ...time, seen: Math.max(time.seen, now.ms) };
}

function told(time, nowMs, sentAt, receivedAt, kid) {
  const roundTrip = receivedAt - sentAt;
  if (!(roundTrip >= 0 && roundTrip <= MAX_ROUND_TRIP_MS)) {
    throw new Refused("late", `A signed time is good for ${MAX_ROUND_TRIP_MS} ms of waiting.`);
  }
  if (nowMs < time.mark) throw new Refused("rollback", "This signed time is older than one already seen.");
  const half = Math.ceil(roundTrip / 2);
  const fresh = {
    ...time, offset: nowMs + half - receivedAt, anchoredAt: receivedAt, uncertainty: half + 1,
  };
  const better = agrees(time, fresh, receivedAt) ? time : fresh;
  return ticked({ ...better, mark: nowMs, kid }, receivedAt);
}

function agrees(time, fresh, at) {
  if (time.offset === null || at < time.anchoredAt) return false;
  const held = uncertainty(time, at);
  return held <= fresh.uncertainty && Math.abs(time.offset - fresh.offset) <= held + fresh.uncertainty;
}

function uncertainty(time, monotonicMs) {
  return time.uncertainty + Math.ceil(((monotonicMs - time.anchoredAt) * DRIFT_PPM) / 1_000_000);
}

async function read(state, token, kind, now, decode) {
  const opened = await openToken(token, kind, state.ring, now.uncertaintyMs === null ? null : now.ms);
  try {
    return { ...opened, payload: decode(opened.payload) };
  } catch (error) {
    throw new Refused("payload", `${error.field}: ${error.message}`);
  }
}

const changed = (what, subject = "") => ({ effect: "changed", what, subject });
const pull = (what, channel = null) => ({ effect: "pull", what, channel });
const ignored = (what, reason) => ({ effect: "ignored", what, reason });
const names = (table) => Object.keys(table).sort();
const own = (table, name) => (Object.hasOwn(table, name) ? table[name] : undefined);
const without = (table, gone) =>
  Object.fromEntries(Object.entries(table).filter(([name]) => !gone.includes(name)));

/** Whether a lease [as of, milliseconds] is the older of two. */
function before([asOf, leaseMs], [otherAsOf, otherLeaseMs]) {
  return asOf < otherAsOf || (asOf === otherAsOf && leaseMs < otherLeaseMs);
}
