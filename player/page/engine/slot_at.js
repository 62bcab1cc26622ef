/**
 * What is on screen at an instant, since when, until when, and why: the twin of playlists/slot.py (with
 * turns.py and prices.py). The golden vectors of tests/contract hold the two together; read the rules there.
 *
 * plan       null or {manifest, cards: Map, chunks: Map, expiresAt}, as decoded by manifest.js
 * offers     Map(channel → {version, offers: Map(sku → {steps: [{fromMs, untilMs|null}]})})
 * freshness  {channels: Map(channel → {version, asOf, leaseMs}), sources: Map(source → asOf)}
 * heldAssets Set(sha256)
 * localOverrides [{id, zone, kind: "show"|"pause", card, fromMs, untilMs}]
 * now        {ms, uncertaintyMs: number|null}
 *
 * Every time is a whole number of unix milliseconds.
 */

import { FOREVER_MS } from "./manifest.js";

/** A price stops this long before its end, or by the clock's uncertainty where that is more. */
const PRICE_MARGIN_MS = 1_000;

const FULL_SCREEN = [{ id: "main", x: 0, y: 0, w: 10_000, h: 10_000, locked: false }];

/** Map(zone → shown), in the layout's order. */
export function slotAt(plan, offers, freshness, heldAssets, localOverrides, now) {
  const world = { plan, offers, freshness, heldAssets, localOverrides, now };
  return new Map(layout(plan).map((box) => [box.id, zoneAt(world, box)]));
}

/** Map(zone → [shown, ...]) over [fromMs, untilMs), at most `limit` a zone. */
export function timeline(
  plan, offers, freshness, heldAssets, localOverrides, fromMs, untilMs, limit, uncertaintyMs = 0,
) {
  const walk = (box) => {
    const entries = [];
    for (let ms = fromMs; ms < untilMs && entries.length < limit; ms = entries.at(-1).until) {
      const now = { ms, uncertaintyMs };
      entries.push(zoneAt({ plan, offers, freshness, heldAssets, localOverrides, now }, box));
    }
    return entries;
  };
  return new Map(layout(plan).map((box) => [box.id, walk(box)]));
}

/** Every file that a card needs to show (assets, pictures, QR code), each once. */
export function filesOf(card) {
  const pictures = card.goods.map((good) => good.picture);
  return [...new Set([...card.assets, ...pictures, card.qr])].filter((sha) => sha !== null);
}

function layout(plan) {
  return plan === null ? FULL_SCREEN : plan.manifest.layout;
}

function zoneAt(world, box) {
  if (world.plan === null) return slate(box.id, 0, FOREVER_MS, null, ["no_plan"]);
  const now = world.now.ms;
  const turn = turnAt(world.plan, box.id, now);
  if (isUrgent(turn)) {
    const urgent = planned(world, box.id, turn, []);
    if (urgent.card !== null) return urgent;
  }
  const hands = handsOn(world, box);
  const because = [];
  let until = FOREVER_MS;
  for (const hand of hands) {
    if (hand.kind === "pause") continue;
    if (hand.fromMs > now) {
      until = Math.min(until, hand.fromMs);
      continue;
    }
    const tried = tryCard(world, hand.card, hands, []);
    because.push(...tried.because);
    until = Math.min(until, hand.untilMs, tried.until);
    if (tried.shows) {
      return {
        zone: box.id,
        card: hand.card,
        since: hand.fromMs,
        until: emergencyBegin(world, box.id, until),
        why: { layer: "override", source: hand.id, item: "" },
        variant: "override",
        because,
        prices: tried.prices,
      };
    }
    because.push(`not_shown:${hand.id}`);
  }
  const shown = planned(world, box.id, turn, isUrgent(turn) ? [] : hands);
  return { ...shown, until: Math.min(until, shown.until), because: [...because, ...shown.because] };
}

/** The first instant from now on at which an emergency may show, at most `until`. */
function emergencyBegin(world, zone, until) {
  for (const turn of urgentTurns(world.plan, zone, world.now.ms, until)) {
    let ms = Math.max(world.now.ms, turn.since);
    while (ms < Math.min(until, turn.until)) {
      const shown = planned({ ...world, now: { ...world.now, ms } }, zone, turn, []);
      if (shown.card !== null) return ms;
      ms = shown.until;
    }
  }
  return until;
}

/** The zone's overrides that are not over yet, the one that wins first. */
function handsOn(world, box) {
  const now = world.now.ms;
  return world.localOverrides
    .filter((hand) => hand.zone === box.id && !box.locked && now < hand.untilMs && hand.fromMs < hand.untilMs)
    .sort((a, b) => b.fromMs - a.fromMs || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
}

/** What the plan itself shows in this turn, where `hands` pause nothing of it. */
function planned(world, zone, turn, hands) {
  const { since, slot } = turn;
  let until = turn.until;
  if (slot === null) return slate(zone, since, until, null, [turn.missing]);
  const because = [];
  const ways = [["planned", slot.card, slot.gates]];
  if (slot.fallback !== null) ways.push(["fallback", slot.fallback, []]);
  for (const [variant, card, gates] of ways) {
    const tried = tryCard(world, card, hands, gates);
    because.push(...tried.because);
    until = Math.min(until, tried.until);
    if (tried.shows) {
      return { zone, card, since, until, why: slot.why, variant, because, prices: tried.prices };
    }
  }
  return slate(zone, since, until, slot.why, because);
}

function slate(zone, since, until, why, because) {
  return { zone, card: null, since, until, why, variant: "slate", because, prices: [] };
}

/** Whether a card may show: not paused, gates fresh, files held, prices on if it needs them. */
function tryCard(world, name, hands, gates) {
  const paused = pauses(name, hands, world.now.ms);
  const stale = staleGates(world, gates);
  const because = [...paused.because, ...stale.because];
  const until = Math.min(paused.until, stale.until);
  const refused = (...reasons) => ({ shows: false, because: [...because, ...reasons], until, prices: [] });
  const card = world.plan.cards.get(name);
  if (card === undefined) return refused(`card_missing:${name}`);
  const missing = filesOf(card).filter((sha) => !world.heldAssets.has(sha));
  if (because.length || missing.length) return refused(...missing.map((sha) => `asset_missing:${sha}`));
  const prices = pricesOf(world, card);
  if (prices.off.length > 0 && card.priceLoss === "fallback") {
    const end = Math.min(until, lostUntil(world, card, prices));
    return { shows: false, because: [...prices.off, "price_lost"], until: end, prices: [] };
  }
  return { shows: true, because: prices.off, until: Math.min(until, prices.until), prices: prices.on };
}

/** Until when a card is off for the same reasons. Other prices of it may come and go. */
function lostUntil(world, card, lost) {
  let ms = lost.until;
  while (ms < FOREVER_MS) {
    const later = pricesOf({ ...world, now: { ...world.now, ms } }, card);
    if (later.off.join(" ") !== lost.off.join(" ")) break;
    ms = later.until;
  }
  return ms;
}

function pauses(name, hands, now) {
  const because = [];
  let until = FOREVER_MS;
  for (const hand of hands) {
    if (hand.kind !== "pause" || hand.card !== name) continue;
    if (hand.fromMs <= now) because.push(`paused:${hand.id}`);
    until = Math.min(until, hand.fromMs <= now ? hand.untilMs : hand.fromMs);
  }
  return { because, until };
}

/** Reasons for the gates that are shut, and when the next shuts. An unknown source is stale. */
function staleGates(world, gates) {
  const ends = new Map();
  for (const { source, maxAgeMs } of gates) {
    const asOf = world.freshness.sources.get(source);
    const end = asOf === undefined ? 0 : asOf + maxAgeMs;
    ends.set(source, Math.min(end, ends.get(source) ?? FOREVER_MS));
  }
  const because = [];
  let until = FOREVER_MS;
  for (const [source, end] of ends) {
    if (end <= world.now.ms) because.push(`gate_stale:${source}`);
    else until = Math.min(until, end);
  }
  return { because, until };
}

// --- prices -----------------------------------------------------------------------------------------

function pricesOf(world, card) {
  const { ms, uncertaintyMs } = world.now;
  if (card.goods.length === 0) return { until: FOREVER_MS, on: [], off: [] };
  if (uncertaintyMs === null) return { until: FOREVER_MS, on: [], off: ["no_time"] };
  const margin = Math.max(PRICE_MARGIN_MS, uncertaintyMs);
  const last = world.plan.expiresAt - margin;
  if (last <= ms) return { until: FOREVER_MS, on: [], off: ["head_expired"] };
  const prices = { until: last, on: [], off: [] };
  const told = new Set();
  for (const good of card.goods) {
    const { priced, reason, until } = priceOf(world, good, margin, last);
    prices.until = Math.min(prices.until, until);
    if (priced) prices.on.push(priced);
    else if (!told.has(`${good.channel} ${reason}`)) {
      told.add(`${good.channel} ${reason}`);
      prices.off.push(reason);
    }
  }
  return prices;
}

/** One good's price or the reason for none, and until when that stands: never past `last`. */
function priceOf(world, good, margin, last) {
  const { ms, uncertaintyMs } = world.now;
  const { sku, channel } = good;
  const state = world.offers.get(channel);
  const offer = state?.offers.get(sku);
  if (offer === undefined) return { reason: `no_offer:${sku}`, until: FOREVER_MS };
  const lease = world.freshness.channels.get(channel);
  let leased = state.leaseMs ? Math.max(state.asOf, offer.confirmedAt) + state.leaseMs : 0;
  if (lease !== undefined && lease.version !== state.version) {
    // Behind the server nothing may show; ahead of its last word the version's own lease counts.
    if (lease.version > state.version || leased === 0) return { reason: `version_differs:${channel}`, until: FOREVER_MS };
  } else if (lease !== undefined) {
    leased = Math.max(leased, Math.max(lease.asOf, offer.confirmedAt) + lease.leaseMs);
  }
  const leaseEnd = leased - margin;
  if (leaseEnd <= ms) return { reason: `lease_over:${channel}`, until: FOREVER_MS };
  last = Math.min(last, leaseEnd);
  let until = last;
  for (const [step, { fromMs, untilMs }] of offer.steps.entries()) {
    const begin = fromMs + uncertaintyMs;
    const end = (untilMs ?? FOREVER_MS) - margin;
    if (begin <= ms && ms < end) {
      const endsAt = Math.min(end, last);
      const priced = { sku, channel, version: state.version, step, endsAt };
      return { priced, until: Math.min(until, endsAt) };
    }
    if (ms < begin && begin < end) until = Math.min(until, begin);
  }
  return { reason: `no_step:${sku}`, until };
}

// --- the plan's turns -------------------------------------------------------------------------------

/** The turn that the plan gives to a zone: {since, until, slot} or, with slot null, {missing}. */
function turnAt(plan, zone, ms) {
  const days = plan.manifest.days;
  const at = countUpTo(days, ms, (day) => day.fromMs) - 1;
  const after = days[at + 1]?.fromMs ?? FOREVER_MS;
  if (at < 0) return { since: 0, until: after, slot: null, missing: "no_day" };
  const day = days[at];
  if (day.untilMs <= ms) return { since: day.untilMs, until: after, slot: null, missing: "no_day" };
  const chunk = plan.chunks.get(day.chunk);
  if (chunk === undefined) return { since: day.fromMs, until: day.untilMs, slot: null, missing: "no_day" };
  return turnIn(day, chunk, zone, ms);
}

function isUrgent({ slot }) {
  return slot !== null && slot.why.layer === "emergency";
}

/** The turns of emergencies that lie in [fromMs, untilMs) at least in part, in order. */
function* urgentTurns(plan, zone, fromMs, untilMs) {
  for (const day of plan.manifest.days) {
    const chunk = plan.chunks.get(day.chunk);
    const segments = chunk?.zones.get(zone) ?? [];
    for (const [at, segment] of segments.entries()) {
      if (!segment.loop.some((index) => isUrgent({ slot: chunk.slots[index] }))) continue;
      const next = segments[at + 1]?.fromMs ?? Infinity;
      const end = Math.min(day.untilMs, untilMs, day.fromMs + next);
      let ms = Math.max(fromMs, day.fromMs + segment.fromMs);
      while (ms < end) {
        const turn = turnIn(day, chunk, zone, ms);
        if (isUrgent(turn)) yield turn;
        ms = turn.until;
      }
    }
  }
}

function turnIn(day, chunk, zone, ms) {
  const segments = chunk.zones.get(zone) ?? [];
  const at = countUpTo(segments, ms - day.fromMs, (segment) => segment.fromMs) - 1;
  const next = segments[at + 1];
  const end = next ? Math.min(day.untilMs, day.fromMs + next.fromMs) : day.untilMs;
  if (at < 0) return { since: day.fromMs, until: end, slot: null, missing: "empty" };
  const begin = day.fromMs + segments[at].fromMs;
  const loop = segments[at].loop;
  if (loop.length === 0) return { since: begin, until: end, slot: null, missing: "empty" };
  return turnOfLoop(chunk.slots, loop, begin, end, ms);
}

function turnOfLoop(slots, loop, begin, end, ms) {
  const ends = endsOf(slots, loop);
  const place = (ms - begin) % ends.at(-1);
  let at = countUpTo(ends, place, (slotEnd) => slotEnd);
  let slot = slots[loop[at]];
  let until = ms - place + ends[at];
  if (until > end && until - slot.durationMs > begin) {
    // It would outlast the segment: hold the one before.
    until -= slot.durationMs;
    at = (at + loop.length - 1) % loop.length;
    slot = slots[loop[at]];
  }
  const since = until - slot.durationMs;
  const following = slots[loop[(at + 1) % loop.length]];
  if (until + following.durationMs > end) until = end;
  return { since, until, slot };
}

const knownEnds = new WeakMap();

/** For each slot of a chunk's loop, ms from the loop's begin to that slot's end; kept with the loop. */
function endsOf(slots, loop) {
  let ends = knownEnds.get(loop);
  if (ends === undefined) {
    let sum = 0;
    ends = loop.map((index) => (sum += slots[index].durationMs));
    knownEnds.set(loop, ends);
  }
  return ends;
}

/** How many of `sorted` have a value up to `limit`. */
function countUpTo(sorted, limit, valueOf) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueOf(sorted[middle]) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
