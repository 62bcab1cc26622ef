/**
 * Behind the player agent of the same machine: it verifies, fetches and keeps; the page shows.
 *
 * What the agent serves (JSON; times are unix ms, every object is in its wire form):
 *
 *   GET /clock   {"now": ms, "uncertainty": ms | null}       as it answers; null: no trusted time
 *   GET /objects/<sha256>, GET /assets/<sha256>            objects, and the files of `held` (with Range)
 *   GET /events  an event stream; every message's data is one JSON object on one line:
 *     event "state"   the whole state, first on every connection:
 *       {"plan":      null | {"revision", "manifest": sha256, "expires_at", "chunks": [sha256, ...]},
 *                     the plan in force; its manifest, deck and these chunks can be had from /objects
 *        "offers":    {channel: {"version", "offers": [offer, ...]}},
 *        "freshness": [payload of enseigne.freshness, ...],   one a store, the screen's own last
 *        "held":      [sha256, ...],
 *        "overrides": [{"id", "zone", "kind": "show" | "pause", "card", "from", "until",
 *           "body": a card as in a deck?}],
 *        "pairing":   null | {"code", "url", "fingerprint", "server", "qr": picture's address | null},
 *        "notice":    text for whoever looks after this screen, "" when all is well,
 *        "device":    what people asked of this screen beside its plan, see told.js}
 *     event "change"  only the members of the state that changed, each whole
 *     event "alive"   {} at least each minute
 *   POST /played {"page": text, "turns": [{"n", "zone", "head", "manifest", "from", "until", "card",
 *     "offers", "because", "slot": [layer, source, item] | null}]}   turns as they ended, see runs.js. 204 once
 *     they are on the disk; `n` counts up from 1 for each `page`: one that came already is not taken twice.
 *   POST /painted {"frames", "dark"}   every two seconds: the page lives, and has drawn so many frames
 */

import { monotonic, ServedClock } from "./clock.js";
import { decodeChunk, decodeDeck, decodeManifest, readCard } from "./manifest.js";
import { channelState, decodeFreshness } from "./offers.js";

const RETRY_MS = 2_000;
const POST_EVERY_MS = 5_000;
const BEAT_EVERY_MS = 2_000;
/** Turns in one request. */
const TURNS_AT_ONCE = 1_000;
const REQUEST_LIMIT_MS = 10_000;
const JSON_TYPE = { "Content-Type": "application/json" };
const CLOCK_EVERY_MS = 10_000;
/** A page that begins is busy and hears late what time it is: it asks so often, and so soon (ms), again. */
const CLOCK_AT_FIRST = 5;
const CLOCK_SOON_MS = 250;
/** A stream that is silent for so long is opened again. */
const SILENCE_MS = 150_000;

export class AgentSource {
  #told = { plan: null, offers: {}, freshness: [], held: [], overrides: [], pairing: null, notice: "", device: null };
  #world = null;
  #onWorld;
  #onFault;
  #clock = new ServedClock();
  #objects = new Map();
  #page = crypto.randomUUID?.() ?? String(performance.timeOrigin);
  #waiting = [];
  #number = 0;
  #frames = 0;
  #events = null;
  #heardAt = 0;
  #clockTimer = 0;
  #clockAsked = 0;

  /**
   * @param {{onWorld: (world) => void, onFault: (error) => void}} hooks `onWorld` after every change
   */
  constructor({ onWorld, onFault }) {
    this.#onWorld = onWorld;
    this.#onFault = onFault;
  }

  async start() {
    await this.#askClock();
    this.#listen();
    this.#postLater();
    this.#beat();
    setInterval(() => {
      if (monotonic() - this.#heardAt > SILENCE_MS) this.#listen();
    }, SILENCE_MS / 10);
  }

  now() {
    return this.#clock.now();
  }

  assetUrl(sha) {
    return this.#world?.held.has(sha) ? `/assets/${sha}` : null;
  }

  /** A zone showed this, as a turn of `slot`. */
  played(play, slot) {
    this.#waiting.push({ n: (this.#number += 1), ...play, slot });
  }

  /** Send what waits as the page leaves; while it stays, the next round does. */
  save(leaving) {
    if (leaving && this.#waiting.length > 0) navigator.sendBeacon("/played", this.#body(this.#waiting));
  }

  /** The machine slept, or its clock was set: ask for the time again. */
  async slept() {
    this.#clock.forget();
    this.#clockAsked = 0;
    this.#emit();
    await this.#askClock();
    this.#listen();
  }

  #listen() {
    this.#events?.close();
    this.#heardAt = monotonic();
    const events = new EventSource("/events");
    this.#events = events;
    const on = (name, act) => events.addEventListener(name, async (event) => {
      this.#heardAt = monotonic();
      try {
        await act(JSON.parse(event.data));
      } catch (error) {
        // What could not be taken comes whole on the next connection.
        this.#onFault(error);
        setTimeout(() => this.#events === events && this.#listen(), RETRY_MS);
      }
    });
    on("state", (told) => this.#merge(told));
    on("change", (told) => this.#merge(told));
    on("alive", () => {});
    events.addEventListener("error", () => {
      // EventSource comes back by itself but for an answer that is no stream.
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.#events === events && this.#listen(), RETRY_MS);
    });
  }

  /** Asked, never pushed: only a question and its answer bound how old the answer is. */
  async #askClock() {
    clearTimeout(this.#clockTimer);
    const sentAt = monotonic();
    try {
      const { now, uncertainty } = await (await ask("/clock")).json();
      this.#clock.told(now, uncertainty, sentAt, monotonic());
      this.#emit();
      this.#clockAsked += 1;
      const later = this.#clockAsked < CLOCK_AT_FIRST ? CLOCK_SOON_MS : CLOCK_EVERY_MS;
      this.#clockTimer = setTimeout(() => this.#askClock(), uncertainty === null ? RETRY_MS : later);
    } catch (error) {
      this.#onFault(error);
      this.#clockTimer = setTimeout(() => this.#askClock(), RETRY_MS);
    }
  }

  /** Prices do not wait for a plan's objects: the plan of before plays until they are here. */
  async #merge(told) {
    const known = Object.entries(told).filter(([name]) => Object.hasOwn(this.#told, name));
    const changed = new Set(known.map(([name]) => name));
    this.#told = { ...this.#told, ...Object.fromEntries(known) };
    this.#world = this.#worldOf(changed);
    if (!changed.has("plan")) return this.#emit();
    const wanted = this.#told.plan;
    if (this.#world.plan) this.#emit();
    const plan = await this.#planOf(wanted);
    if (this.#told.plan !== wanted) return undefined;
    this.#world = { ...this.#world, plan };
    return this.#emit();
  }

  /** What the screen shows from but its plan, in the forms of slot_at.js; only what changed is made anew. */
  #worldOf(changed) {
    const { offers, freshness, held, overrides, pairing, notice, device } = this.#told;
    const made = (name, make) => (this.#world === null || changed.has(name) ? make() : this.#world[name]);
    const channels = Object.entries(offers).filter(([, { offers: all }]) => all);
    return {
      plan: this.#world?.plan ?? null,
      offers: made("offers", () => new Map(channels.map(([name, { version, offers: all, lease }]) => [name, channelState(version, all, lease)]))),
      freshness: made("freshness", () => decodeFreshness(...freshness)),
      held: made("held", () => new Set(held)),
      overrides: made("overrides", () => overrides.map(({ from, until, body, ...hand }) => (
        { ...hand, fromMs: from, untilMs: until, body: body ? readCard(body, `overrides/${hand.id}`) : null }
      ))),
      pairing,
      notice: notice ? [notice] : null,
      device,
    };
  }

  async #planOf(told) {
    if (told === null) return null;
    const { revision, manifest: address, expires_at: expiresAt } = told;
    const manifest = await this.#object(address, decodeManifest);
    const named = new Set(manifest.days.map((day) => day.chunk));
    const held = told.chunks.filter((chunk) => named.has(chunk));
    const [cards, ...chunks] = await Promise.all([
      this.#object(manifest.deck, decodeDeck), ...held.map((chunk) => this.#object(chunk, decodeChunk)),
    ]);
    const used = new Set([address, manifest.deck, ...held]);
    for (const sha of this.#objects.keys()) if (!used.has(sha)) this.#objects.delete(sha);
    return { revision, address, expiresAt, manifest, cards, chunks: new Map(held.map((chunk, at) => [chunk, chunks[at]])) };
  }

  /** An object as decoded, fetched once for as long as plans name it. */
  #object(sha, decode) {
    if (!this.#objects.has(sha)) {
      const made = ask(`/objects/${sha}`).then((answer) => answer.arrayBuffer()).then((data) => decode(new Uint8Array(data)));
      made.catch(() => this.#objects.delete(sha));
      this.#objects.set(sha, made);
    }
    return this.#objects.get(sha);
  }

  #emit() {
    if (this.#world) this.#onWorld(handed(this.#world));
  }

  #body(turns) {
    return JSON.stringify({ page: this.#page, turns });
  }

  #postLater() {
    setTimeout(async () => {
      await this.#post().catch(this.#onFault);
      this.#postLater();
    }, POST_EVERY_MS);
  }

  async #post() {
    while (this.#waiting.length > 0) {
      const turns = this.#waiting.slice(0, TURNS_AT_ONCE);
      await ask("/played", { method: "POST", body: this.#body(turns), headers: JSON_TYPE });
      this.#waiting = this.#waiting.filter(({ n }) => n > turns.at(-1).n);
    }
  }

  /** Each time one frame is asked for: a still picture has none of its own. The first is told at once. */
  #beat() {
    let waits = false;
    const tell = () => {
      const body = JSON.stringify({ frames: this.#frames, dark: this.#told.device?.dark ?? false });
      ask("/painted", { method: "POST", body, headers: JSON_TYPE }).catch(this.#onFault);
    };
    const beat = () => {
      tell();
      if (waits) return;
      waits = true;
      requestAnimationFrame(() => {
        waits = false;
        this.#frames += 1;
        if (this.#frames === 1) tell();
      });
    };
    beat();
    setInterval(beat, BEAT_EVERY_MS);
  }
}

/** What people have this screen show without the server need not stand in its plan: it comes with its cards. */
function handed(world) {
  const brought = world.overrides.filter(({ body }) => body);
  if (!world.plan || brought.length === 0) return world;
  const cards = new Map([...brought.map(({ card, body }) => [card, body]), ...world.plan.cards]);
  return { ...world, plan: { ...world.plan, cards } };
}

async function ask(path, options = {}) {
  const answer = await fetch(path, { cache: "no-store", ...options, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
  if (!answer.ok) throw new Error(`The player answers ${answer.status} to ${path}.`);
  return answer;
}
