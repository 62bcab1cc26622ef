/**
 * The stage: shows views, one at a time, inside any element and at any size.
 *
 *     const stage = new Stage(host, { base: "/page/look/" });
 *     await stage.prepare(next);                       // decode ahead
 *     await stage.show(next, { boundaryInMs: 4000 });  // the change ends on the slot's boundary
 *     await stage.update(next);                        // newer view of the same slot, in place
 *
 * It lives in a shadow root and measures in container units, so a thumbnail is the same markup and
 * no outside style reaches in. A price leaves on time without the help of script (lease.js).
 */

import { lookOf } from "./brand.js";
import { FACE_LIMIT_MS, within } from "./decoding.js";
import { cssUrl, el, picture } from "./dom.js";
import { FADE_MS, slotChange } from "./motion.js";
import { Scene } from "./scene.js";

const SHEETS = ["tokens.css", "screen.css", "pairing.css"];
const FACES = ['800 20px "Bricolage Grotesque"', '500 20px "Instrument Sans"'];
const RAIN = "rain.svg";
/** A sheet that is not there by then is asked for anew by the next stage (ms). */
const SHEET_LIMIT_MS = 10_000;
const MINUTE_MS = 60_000;
/** Burn-in: the stage moves one step at most this often (ms), over nine points. */
const ORBIT_STEP_MS = 180_000;
/** One step is 4 px on a 1080-line screen, in cqmin. */
const ORBIT_STEP_CQMIN = 0.37;
/** A walk over a 3 by 3 grid that always moves to a neighbour and closes on itself by one diagonal. */
const ORBIT = [[0, 0], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]];

const sheets = new Map();

/** One parsed style sheet per address, shared by every stage of the page. */
function sheet(url) {
  if (!sheets.has(url)) {
    const loading = fetch(url, { signal: AbortSignal.timeout(SHEET_LIMIT_MS) }).then(async (answer) => {
      if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}. Check the stage's base.`);
      const parsed = new CSSStyleSheet();
      await parsed.replace(await answer.text());
      return parsed;
    });
    loading.catch(() => sheets.delete(url));
    sheets.set(url, loading);
  }
  return sheets.get(url);
}

const faces = new Map();

/** Font faces belong to the document: a shadow root cannot declare them. */
function fontsReady(base) {
  const url = new URL("fonts.css", base).href;
  if (!faces.has(url)) {
    const link = el("link");
    link.rel = "stylesheet";
    link.href = url;
    const loaded = new Promise((resolve) => {
      link.addEventListener("load", resolve, { once: true });
      link.addEventListener("error", resolve, { once: true });
    });
    document.head.append(link);
    const load = () => Promise.all(FACES.map((face) => document.fonts.load(face, "Éa1€")));
    // A screen without its fonts still speaks, in the system's; also where their answer hangs.
    faces.set(url, within(loaded.then(load), FACE_LIMIT_MS).catch(() => {}));
  }
  return faces.get(url);
}

export class Stage {
  #screen = el("div", "screen");
  #orbit = el("div", "orbit");
  #reduced;
  #current = null;
  #incoming = null;
  #prepared = null;
  #change = null;
  #turn = 0;
  #minute = 0;
  #watcher;
  #root;

  /**
   * @param {Element} host any element that can carry a shadow root and has a size
   * @param {{reducedMotion?: boolean, base?: string}} options `base` is the address of `look/`
   */
  constructor(host, { reducedMotion, base = new URL("look/", import.meta.url).href } = {}) {
    const wish = matchMedia("(prefers-reduced-motion: reduce)");
    this.#reduced = () => reducedMotion ?? wish.matches;
    const look = new URL(base, document.baseURI).href;
    this.#root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    this.#root.replaceChildren(this.#screen);
    this.#screen.append(this.#orbit);
    this.#screen.setAttribute("aria-live", "off");
    this.#screen.style.setProperty("--drops", cssUrl(new URL(RAIN, look).href));
    this.#screen.classList.toggle("still", this.#reduced());
    /** Resolves when styles and fonts are there; nothing is shown before. */
    this.ready = Promise.all([
      Promise.all(SHEETS.map((name) => sheet(new URL(name, look).href))),
      fontsReady(look),
      // Dry weather beats no screen at all.
      within(picture(new URL(RAIN, look).href, "").decode(), FACE_LIMIT_MS).catch(() => {}),
    ]).then(([parsed]) => {
      this.#root.adoptedStyleSheets = parsed;
    });
    this.ready.catch(() => {});
    this.#watcher = new ResizeObserver(() => this.#current?.fit());
    this.#watcher.observe(this.#screen);
    this.#nextMinute();
  }

  /** The view on screen (or coming in), null before the first. */
  get view() {
    return (this.#incoming ?? this.#current)?.view ?? null;
  }

  /** Build a view and decode its pictures ahead; resolves when it could be shown at once. */
  async prepare(view) {
    if (this.#holds(view)) return this.update(view);
    if (this.#prepared?.key === view.key) await this.#prepared.update(view);
    else {
      this.#prepared?.remove();
      this.#prepared = new Scene(view, this.#reduced);
    }
    await Promise.all([this.ready, this.#prepared.ready()]);
    return undefined;
  }

  /**
   * Bring a view on; the change ends `boundaryInMs` from now (0: it starts at once). Resolves when it
   * is whole on screen or a later call has taken its place. The same key updates in place.
   */
  async show(view, { boundaryInMs = 0 } = {}) {
    if (this.#holds(view) || this.#stays(view)) return this.update(view);
    const due = performance.now() + boundaryInMs;
    const turn = ++this.#turn;
    this.#incoming?.remove();
    // What was to come on at a boundary still ahead will not: an emergency or a hand goes before it.
    if (this.#change?.before && this.#change.due > performance.now()) this.#turnBack();
    const scene = this.#take(view);
    this.#incoming = scene;
    await Promise.all([this.ready, scene.ready()]);
    if (turn !== this.#turn) return undefined;
    await this.#bringOn(scene, due);
    return undefined;
  }

  /** A newer view of what is on screen, coming in or prepared; any other is shown. */
  async update(view) {
    // Until a change begins, the slot before it is still the one people see.
    const scenes = [this.#incoming, this.#current, this.#change?.before, this.#prepared];
    const held = scenes.find((scene) => scene?.key === view.key);
    if (!held) return this.show(view);
    if (held.view.template !== view.template || lookOf(held.view.brand) !== lookOf(view.brand)) return this.#replace(view);
    await held.update(view);
    if (!held.root.isConnected) await held.ready();
    return undefined;
  }

  /** Leave the host empty. */
  destroy() {
    this.#turn += 1;
    clearTimeout(this.#minute);
    this.#watcher.disconnect();
    this.#settle();
    for (const scene of [this.#incoming, this.#current, this.#prepared]) scene?.remove();
    this.#incoming = this.#current = this.#prepared = null;
    this.#screen.remove();
  }

  #holds(view) {
    return (this.#incoming ?? this.#current)?.key === view.key;
  }

  /** Whether this is the scene that was about to give way; then it stays, and what was to come is gone. */
  #stays({ key }) {
    const { before } = this.#change ?? {};
    if (this.#incoming && this.#current?.key === key) {
      this.#turn += 1;
      this.#incoming.remove();
      this.#incoming = null;
    } else if (!this.#incoming && before?.key === key) {
      this.#turn += 1;
      this.#turnBack();
    } else return false;
    return true;
  }

  /** The change under way is undone: the scene before it is whole again. */
  #turnBack() {
    const { before, moves } = this.#change;
    this.#change = null;
    for (const move of moves) move.cancel();
    this.#current.remove();
    this.#current = before;
  }

  /** The same slot now speaks through another template, or in another brand's look: a slot change, at once. */
  #replace(view) {
    for (const scene of [this.#incoming, this.#current, this.#change?.before]) {
      if (scene?.key === view.key) scene.view.key = null;
    }
    return this.show(view);
  }

  /** The prepared scene when it is the one asked for, a new one otherwise. */
  #take(view) {
    const scene = this.#prepared;
    this.#prepared = null;
    if (scene?.key === view.key && scene.view.template === view.template) {
      scene.update(view);
      return scene;
    }
    scene?.remove();
    return new Scene(view, this.#reduced);
  }

  async #bringOn(scene, due) {
    this.#settle();
    const before = this.#current;
    this.#incoming = null;
    this.#current = scene;
    this.#moveOrbit();
    this.#orbit.append(scene.root);
    scene.fit();
    const endsIn = Math.max(0, due - performance.now());
    const [from, to] = [before?.horizon ?? null, scene.horizon];
    const glide = from === null || to === null ? 0 : to - from;
    const moves = slotChange(before, scene, { due, reduced: this.#reduced(), glide });
    scene.start(Math.max(due, performance.now()));
    const change = { before, moves, due };
    this.#change = change;
    const seen = scene.seen(endsIn);
    await Promise.allSettled(moves.map(({ finished }) => finished));
    await seen;
    if (this.#change === change) this.#settle();
  }

  /** End the change under way at once: the new scene whole, the old one gone. */
  #settle() {
    const change = this.#change;
    this.#change = null;
    if (!change) return;
    change.before?.remove();
    for (const move of change.moves) move.cancel();
  }

  #moveOrbit() {
    const [x, y] = ORBIT[Math.floor(Date.now() / ORBIT_STEP_MS) % ORBIT.length];
    this.#orbit.style.translate = `${x * ORBIT_STEP_CQMIN}cqmin ${y * ORBIT_STEP_CQMIN}cqmin`;
  }

  #nextMinute() {
    this.#minute = setTimeout(() => {
      this.#current?.minute(Date.now());
      // A slate may stay for hours: it has no slot change to hide the step in.
      if (this.#current?.view.template === "slate") this.#moveOrbit();
      this.#nextMinute();
    }, MINUTE_MS - (Date.now() % MINUTE_MS) + FADE_MS);
  }
}
