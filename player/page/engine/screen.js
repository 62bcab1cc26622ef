/**
 * A screen inside any element: every zone of the plan shows what slot_at says, now and next.
 *
 *     const screen = new Screen(host, { now, assetUrl, onFault, played });
 *     screen.update(world);   // after every change; the screen wakes by itself for what time changes
 *
 * world = {plan, offers, freshness, held, overrides, pairing, notice}: what slot_at.js takes, and
 * `pairing` {code, url, fingerprint, server, qr?} or null, `notice` [text, ...] or null. Never black, never
 * an error: what goes wrong is told to `onFault`, and the slate stands until it works again.
 */

import { el } from "../dom.js";
import { pairingView } from "../pairing.js";
import { slateView } from "../slate.js";
import { timeline } from "./slot_at.js";
import { brandOf } from "./view.js";
import { PREPARE_MS, Zone } from "./zone.js";

/** Looked at again at least this often (ms): the clock's uncertainty grows. */
const LONGEST_SLEEP_MS = 30_000;
const SHORTEST_SLEEP_MS = 4;
const RETRY_MS = 1_000;
/**
 * What is on screen stands so long (ms) before it gives way to no price: freshness that runs ahead of a channel's
 * offers, or offers without a lease, wait for the other; a new price for the clock to be certain that it has begun.
 */
const STEP_MS = 250;
const WHOLE = 10_000;
const WHOLE_SCREEN = [{ id: "main", x: 0, y: 0, w: WHOLE, h: WHOLE }];

export class Screen {
  #host;
  #now;
  #assetUrl;
  #hooks;
  #world = null;
  #coming = null;
  #waiting = 0;
  #zones = new Map();
  #timer = 0;
  #faults = 0;
  #note = el("p", "note");
  #listeners = new Set();

  /**
   * @param {Element} host positioned; the zones fill it
   * @param {{now: () => {ms, uncertaintyMs}, assetUrl: (sha) => string|null, played?: (play, slot) => void,
   *   onFault?: (error) => void, base?: string, reducedMotion?: boolean}} options
   */
  constructor(host, { now, assetUrl, played = () => {}, onFault = () => {}, base, reducedMotion }) {
    this.#host = host;
    this.#now = now;
    this.#assetUrl = assetUrl;
    const fault = (error) => {
      this.#faults += 1;
      onFault(error);
      this.#sleep(RETRY_MS);
    };
    const onPaint = (price) => this.#listeners.forEach((listener) => listener(price));
    this.#hooks = { base, reducedMotion, played, onPaint, onFault: fault };
  }

  update(world) {
    this.#coming = world;
    const wait = this.#world && inStep(this.#world) ? this.#patience(world) : 0;
    if (wait > 0) this.#waiting ||= setTimeout(() => this.#take(), wait);
    else this.#take();
  }

  /** How long the world of before stays (ms). */
  #patience(world) {
    if (!inStep(world)) return STEP_MS;
    const now = this.#now();
    const begins = [...this.#zones.values()].flatMap(({ zone }) => world.plan?.cards.get(zone.playing.card)?.goods ?? [])
      .map(({ sku, channel }) => world.offers.get(channel)?.offers.get(sku)?.steps[0]?.fromMs ?? 0);
    const left = Math.max(0, ...begins) + now.uncertaintyMs - now.ms;
    return left > 0 && left <= STEP_MS ? left + 1 : 0;
  }

  #take() {
    clearTimeout(this.#waiting);
    this.#waiting = 0;
    this.#world = this.#coming;
    this.#tick();
  }

  /** Be told of each price as it is first seen: {zone, sku, text}. Returns a function that ends it. */
  onPaint(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is on screen: {pairing?, faults, zones: {zone: {card, template, variant, because, since, until, goods}}}. */
  state() {
    const zones = Object.fromEntries([...this.#zones].map(([id, { zone }]) => [id, zone.state]));
    const pairing = this.#isPairing ? { pairing: this.#world.pairing } : {};
    return { ...pairing, faults: this.#faults, zones };
  }

  /** What a report says is playing. */
  get playing() {
    if (!this.#world?.plan) return {};
    return Object.fromEntries([...this.#zones].map(([id, { zone }]) => [id, zone.playing]));
  }

  /** How long what plays goes on (ms), over all zones. */
  get endsIn() {
    const now = this.#now().ms;
    return Math.max(0, ...Object.values(this.playing).map(({ until }) => until - now));
  }

  /** Have `played` told what was shown so far. */
  flush() {
    const now = this.#now();
    for (const { zone } of this.#zones.values()) zone.flush(now);
  }

  destroy() {
    clearTimeout(this.#timer);
    clearTimeout(this.#waiting);
    const now = this.#now();
    for (const { zone } of this.#zones.values()) zone.destroy(now);
    this.#zones.clear();
    this.#note.remove();
    this.#world = null;
  }

  get #isPairing() {
    return Boolean(this.#world?.pairing && !this.#world.plan);
  }

  #tick() {
    if (!this.#world) return;
    try {
      this.#sleep(this.#show());
    } catch (error) {
      this.#hooks.onFault(error);
      this.#slate();
    }
  }

  /** Show now; how long nothing changes by itself (ms). */
  #show() {
    const { plan, offers, freshness, held, overrides, pairing } = this.#world;
    const now = this.#now();
    const layout = plan?.manifest.layout ?? WHOLE_SCREEN;
    this.#layOut(layout, now);
    if (!plan) {
      this.#setNote(null);
      this.#zones.get("main").zone.showPlain(pairing ? pairingView(pairing) : slateView(), now);
      return LONGEST_SLEEP_MS;
    }
    const horizon = now.ms + PREPARE_MS;
    const turns = timeline(plan, offers, freshness, held, overrides, now.ms, horizon, 2, now.uncertaintyMs);
    this.#setNote(turns);
    let wake = now.ms + LONGEST_SLEEP_MS;
    for (const { id } of layout) {
      const { zone } = this.#zones.get(id);
      wake = Math.min(wake, zone.show(turns.get(id), this.#world, now, this.#assetUrl));
    }
    return wake - this.#now().ms;
  }

  #slate() {
    try {
      const { manifest = null } = this.#world.plan ?? {};
      const view = slateView(manifest && brandOf(manifest, this.#assetUrl), manifest?.language);
      this.#layOut(manifest?.layout ?? WHOLE_SCREEN, this.#now());
      for (const { zone } of this.#zones.values()) zone.showPlain(view, this.#now());
    } catch (error) {
      this.#hooks.onFault(error);
    }
  }

  #sleep(length) {
    clearTimeout(this.#timer);
    const wait = Math.min(LONGEST_SLEEP_MS, Math.max(SHORTEST_SLEEP_MS, length));
    this.#timer = setTimeout(() => this.#tick(), wait);
  }

  /** One box for each zone; those that stay keep their stage. */
  #layOut(layout, now) {
    for (const [id, { zone }] of this.#zones) {
      if (layout.some((box) => box.id === id)) continue;
      zone.destroy(now);
      this.#zones.delete(id);
    }
    layout.forEach((box, at) => {
      if (!this.#zones.has(box.id)) {
        const host = el("div", "zone");
        this.#host.append(host);
        this.#zones.set(box.id, { host, zone: new Zone(box.id, host, this.#hooks) });
      }
      const part = (size) => `${(size / WHOLE) * 100}%`;
      const place = { left: part(box.x), top: part(box.y), width: part(box.w), height: part(box.h), zIndex: String(at) };
      Object.assign(this.#zones.get(box.id).host.style, { position: "absolute", overflow: "hidden", ...place });
    });
  }

  /** A quiet word in the corner, where nothing for customers is on screen. */
  #setNote(turns) {
    const { notice } = this.#world;
    const bare = turns === null || [...turns.values()].every(([{ card }]) => card === null);
    if (!notice || !bare) {
      this.#note.remove();
      return;
    }
    this.#note.replaceChildren(...notice.map((line) => el("span", "", line)));
    if (!this.#note.isConnected) this.#host.append(this.#note);
  }
}

/** Whether no channel that the plan reads waits for the other of two messages: what is newer brings its lease. */
function inStep({ plan, offers, freshness }) {
  return !plan || plan.manifest.channels.every((name) => {
    const held = offers.get(name)?.version;
    const told = freshness.channels.get(name)?.version;
    return held === told || (held > told && offers.get(name).leaseMs > 0);
  });
}
