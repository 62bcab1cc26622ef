/** A manifest and what it names, put together from bytes: what plays soonest first. */

import { decodeChunk, decodeDeck, decodeManifest } from "./manifest.js";
import { filesOf, slotAt, timeline } from "./slot_at.js";
import { brandFiles } from "./view.js";

const SOON_DAYS = 2;
/** Files of cards that are due within this long (ms) are fetched before a plan begins. */
const SOON_MS = 60_000;
const MANY = 40;

/**
 * The plan of a head, able to play today and tomorrow.
 * @param {(addresses) => Promise<Map>} get bytes of objects; all that were asked for, or it throws
 */
export async function beginPlan(head, get, now) {
  const { revision, manifest: address, expires_at: expiresAt } = head;
  const manifest = decodeManifest((await get([address])).get(address));
  const soon = manifest.days.filter((day) => day.untilMs > now.ms).slice(0, SOON_DAYS).map((day) => day.chunk);
  const objects = await get([...new Set([manifest.deck, ...soon])]);
  const cards = decodeDeck(objects.get(manifest.deck));
  const chunks = new Map([...new Set(soon)].map((chunk) => [chunk, decodeChunk(objects.get(chunk))]));
  return { revision, address, expiresAt, manifest, cards, chunks };
}

/** The chunks of days to come that a plan does not have yet. */
export function lackingChunks(plan, now) {
  const named = plan.manifest.days.filter((day) => day.untilMs > now.ms).map((day) => day.chunk);
  return [...new Set(named)].filter((chunk) => !plan.chunks.has(chunk));
}

/** The plan with more chunks, from their bytes. */
export function withChunks(plan, objects) {
  const more = [...objects].map(([address, bytes]) => [address, decodeChunk(bytes)]);
  return { ...plan, chunks: new Map([...plan.chunks, ...more]) };
}

/** Every object that a plan names. */
export function objectsOf({ address, manifest }) {
  return new Set([address, manifest.deck, ...manifest.days.map((day) => day.chunk)]);
}

/** Every file that a plan needs, those that are due soonest first. */
export function filesInOrder(plan, now) {
  const today = plan.manifest.days.find((day) => day.fromMs <= now.ms && now.ms < day.untilMs);
  const slots = plan.chunks.get(today?.chunk)?.slots ?? [];
  const names = [...soonCards(plan, now), ...slots.flatMap(({ card, fallback }) => [card, fallback]), ...plan.cards.keys()];
  return [...new Set([...brandFiles(plan.manifest), ...filesOfCards(plan, names)])];
}

/** The files without which the next minute would not be as planned. */
export function filesDueNow(plan, now) {
  return [...new Set(filesOfCards(plan, soonCards(plan, now)))];
}

/** Whether a plan begins with an emergency, which waits for nothing. */
export function isEmergency(plan, now) {
  const fresh = { channels: new Map(), sources: new Map() };
  const shown = slotAt(plan, new Map(), fresh, new Set(), [], now);
  return [...shown.values()].some(({ why }) => why?.layer === "emergency");
}

function filesOfCards(plan, names) {
  return [...new Set(names)].flatMap((name) => (plan.cards.has(name) ? filesOf(plan.cards.get(name)) : []));
}

/** Cards of the next minute, were every file held and every gate open. */
function soonCards(plan, now) {
  const all = new Set([...plan.cards.values()].flatMap(filesOf));
  const open = { get: () => now.ms + SOON_MS };
  const fresh = { channels: new Map(), sources: open };
  const turns = timeline(plan, new Map(), fresh, all, [], now.ms, now.ms + SOON_MS, MANY, null);
  return [...turns.values()].flat().flatMap(({ card }) => (card === null ? [] : [card]));
}

