/**
 * One zone of a screen: brings views onto its stage so that each change ends on the slot's boundary, keeps
 * what is on screen current in place, and says what was shown.
 */

import { slateView } from "../slate.js";
import { Stage } from "../stage.js";
import { SLOT_CHANGE_MS } from "../motion.js";
import { PRICED } from "../templates/index.js";
import { spoken } from "../templates/parts.js";
import { painted } from "./painted.js";
import { viewOf } from "./view.js";

/** The next slot is built and its pictures decoded this long before it is due (ms). */
export const PREPARE_MS = 10_000;
/** A change is armed this long before the boundary on which it ends (ms). */
const ARM_MS = SLOT_CHANGE_MS + 300;
/** Closer to the boundary than this (ms) the slot before it is left alone. */
const SETTLED_MS = 60;
/** A turn noticed later than this (ms) after it was due began when it was noticed. */
const LATE_MS = 2_000;
/** Leases that end within this (ms) of one another are the same. */
const LEASE_STEP_MS = 250;

export class Zone {
  #stage;
  #base;
  #host;
  #hooks;
  #on = null;
  #armed = null;
  #ready = "";
  #play = null;
  #prices = new Map();
  #watches = new Map();
  #gone = false;

  /**
   * @param {Element} host
   * @param {{base?: string, reducedMotion?: boolean, onPaint, onFault, played}} hooks
   */
  constructor(id, host, hooks) {
    this.id = id;
    this.#host = host;
    this.#hooks = hooks;
    this.#base = { base: hooks.base, reducedMotion: hooks.reducedMotion };
    this.#stage = new Stage(host, this.#base);
  }

  /**
   * Show `turns[0]` now and, when it is close, bring on `turns[1]`.
   * @returns {number} unix ms at which this must be looked at again
   */
  show([current, next], world, now, assetUrl) {
    const made = viewOf(current, world, now, assetUrl);
    this.#record(current, world, now);
    this.#bringOn(current, made.view, now);
    this.#watchPrices(made.view, true);
    const ahead = next ? this.#ahead(current, next, world, now, assetUrl) : current.until - PREPARE_MS;
    return Math.min(current.until, made.until, ahead);
  }

  /** Show a view that no plan chose (pairing, slate). */
  showPlain(view, now) {
    this.#record(null, null, now);
    const shown = { card: null, variant: "slate", because: [], since: 0, until: 0 };
    this.#put({ key: view.key, shown, view, mark: JSON.stringify(view) }, false);
    this.#watchPrices(view, true);
  }

  /** What is on screen: for diagnostics. Prices are those that were painted. */
  get state() {
    if (!this.#on) return null;
    const { shown, view } = this.#on;
    const goods = view.goods.map(({ sku }) => ({ sku, text: this.#prices.get(sku) ?? null }));
    const { card, variant, because, since, until } = shown;
    return { card, template: view.template, variant, because, since, until, goods };
  }

  /** As a report names it. */
  get playing() {
    const { card, since, until, because } = this.#on?.shown ?? { card: null, since: 0, until: 0, because: [] };
    return { card, since, until, because };
  }

  /** Say what was shown so far; it goes on. */
  flush(now) {
    const { from, cause, slot } = this.#play ?? {};
    if (this.#play === null || now.ms <= from) return;
    this.#hooks.played({ ...cause, from, until: now.ms }, slot);
    this.#play = { ...this.#play, from: now.ms };
  }

  /** Leave: what is on screen is recorded up to `now`. */
  destroy(now) {
    this.#record(null, null, now);
    for (const { stop } of this.#watches.values()) stop();
    this.#stage.destroy();
    this.#gone = true;
    this.#host.remove();
  }

  #bringOn(shown, view, now) {
    const key = this.#keyOf(shown, view);
    const entry = { key, shown, view: { ...view, key }, mark: markOf(view) };
    const armed = this.#armed;
    if (armed?.key === key) {
      // The stage brings it on by itself; from the boundary on it is what people see.
      this.#on = armed;
      this.#armed = null;
    } else if (armed && key === this.#on?.key && armed.due > now.ms && armed.due - now.ms < SETTLED_MS) {
      return;
    }
    this.#put(entry, Boolean(armed) && armed.key !== key && armed.due <= now.ms);
  }

  /** `anew`: the stage shows something else than `#on` says. */
  #put(entry, anew) {
    const before = this.#on;
    this.#on = entry;
    if (anew || before?.key !== entry.key) {
      this.#armed = null;
      this.#ready = "";
      this.#run(this.#stage.show(entry.view));
    } else if (before.mark !== entry.mark) {
      this.#run(this.#stage.update(entry.view));
    }
  }

  /** Prepare the next slot, and arm its change; when to look again. */
  #ahead(current, next, world, now, assetUrl) {
    const left = current.until - now.ms;
    const { view, until } = viewOf(next, world, now, assetUrl);
    const key = this.#keyOf(next, view);
    const arms = key !== this.#on.key && left <= ARM_MS;
    if (this.#armed && this.#armed.key !== key && !arms) this.#put(this.#on, true);
    if (key === this.#on.key) return current.until;
    if (view.template === "video") view.params.offset_ms = 0;
    const entry = { key, shown: next, view: { ...view, key }, mark: markOf(view), due: current.until };
    if (this.#armed?.key === key) {
      if (this.#armed.mark !== entry.mark) this.#run(this.#stage.update(entry.view));
      this.#armed = entry;
    } else if (arms) {
      this.#armed = entry;
      this.#run(this.#stage.show(entry.view, { boundaryInMs: left }));
    } else {
      if (this.#ready !== key + entry.mark) this.#run(this.#stage.prepare(entry.view));
      this.#ready = key + entry.mark;
      return Math.min(until, current.until - ARM_MS);
    }
    this.#watchPrices(entry.view, false);
    return until;
  }

  /** The same card again keeps its scene; a film begins anew. */
  #keyOf(shown, view) {
    if (this.#on?.shown.card === shown.card && view.template !== "video" && this.#on.view.template === view.template) {
      return this.#on.key;
    }
    return shown.card === null ? "slate" : `${shown.card}@${shown.since}`;
  }

  /** A stage that cannot show gives way to a fresh one with the slate; the next look tries again. */
  #run(doing) {
    doing.catch((error) => {
      if (this.#gone) return;
      const failed = this.#on;
      this.#stage.destroy();
      this.#stage = new Stage(this.#host, this.#base);
      this.#on = this.#armed = null;
      this.#ready = "";
      if (failed && failed.view.template !== "slate") {
        this.#stage.show(slateView(failed.view.brand, failed.view.lang)).catch(this.#hooks.onFault);
      }
      this.#hooks.onFault(error);
    });
  }

  /** Tell when each new price of a view is really seen. */
  #watchPrices(view, current) {
    const goods = view.goods.slice(0, PRICED.get(view.template) ?? 0);
    const said = new Map(goods.filter(({ price }) => price).map(({ sku, price }) => [sku, spoken(price, view.lang)]));
    for (const [sku, text] of this.#prices) {
      if (current && said.get(sku) !== text) this.#prices.delete(sku);
    }
    for (const [sku, text] of said) {
      const watched = this.#watches.get(sku);
      if (this.#prices.get(sku) === text || watched?.text === text) continue;
      watched?.stop();
      const over = () => this.#watches.get(sku)?.text === text && this.#watches.delete(sku);
      const stop = painted(this.#host.shadowRoot, text, (seen) => {
        over();
        if (!seen) return;
        this.#prices.set(sku, text);
        this.#hooks.onPaint({ zone: this.id, sku, text });
      });
      this.#watches.set(sku, { text, stop });
    }
  }

  /** One play from when something came on until anything about it changed. */
  #record(shown, world, now) {
    const cause = shown && world.plan ? causeOf(this.id, shown, world) : null;
    const mark = cause && JSON.stringify([cause, shown.since, shown.why]);
    const before = this.#play;
    if (before?.mark === mark) return;
    const turned = shown && before && before.from < shown.since && shown.since <= now.ms && now.ms - shown.since < LATE_MS;
    const edge = turned ? shown.since : now.ms;
    if (before && edge > before.from) this.#hooks.played({ ...before.cause, from: before.from, until: edge }, before.slot);
    const why = shown?.why;
    // A hand on this screen shows no item of a plan: what is shown is its own.
    const slot = why ? [why.layer, why.source, why.item || why.source] : null;
    this.#play = cause && { mark, cause, slot, from: edge };
  }
}

/** What makes a view another one on the glass: leases as instants of the monotonic clock. */
function markOf(view) {
  const goods = view.goods.map((good) => {
    if (!good.price) return good;
    const { ends_in_ms: left, ...price } = good.price;
    return { ...good, price, ends: Math.round((performance.now() + left) / LEASE_STEP_MS) };
  });
  const { offset_ms: _offset, ...params } = view.params;
  return JSON.stringify({ ...view, key: "", params, goods });
}

function causeOf(zone, shown, { plan, offers }) {
  const versions = plan.manifest.channels.filter((name) => offers.has(name)).map((name) => [name, offers.get(name).version]);
  const because = shown.variant === "override" ? [`by_hand:${shown.why.source}`, ...shown.because] : shown.because;
  const planned = because.length === 0;
  return {
    zone,
    head: plan.revision,
    manifest: plan.address,
    offers: Object.fromEntries(versions),
    card: planned ? null : shown.card,
    because,
  };
}
