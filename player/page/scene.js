/** One view on the stage: its earth, its goods, its words, and the leases of its prices. */

import { dress, facesReady, isLight, legalOf, tints, voices } from "./brand.js";
import { DECODE_LIMIT_MS, FACE_LIMIT_MS, decodeAll, release, within } from "./decoding.js";
import { cssUrl, el, text } from "./dom.js";
import { Film } from "./film.js";
import { fitAll } from "./fit.js";
import { Lease, PRESENT_MARGIN_MS } from "./lease.js";
import { FADE_MS, SET_MS, enter, glow, leave, turnSky } from "./motion.js";
import { TEMPLATES } from "./templates/index.js";
import { brand } from "./templates/parts.js";

/** Before a price's end the figures set, so that they are down when the layer must be gone (ms). */
const SETTLE_MS = SET_MS + PRESENT_MARGIN_MS + 30;
/** A film that has shown nothing by then is not awaited any longer (ms). */
const SEEN_LIMIT_MS = 1_000;
/** Longest delay a browser timer takes (ms). */
const TIMER_LIMIT_MS = 2 ** 31 - 1;
const TONES = { tide: "on-tide", night: "on-night" };
/** Templates that are one picture or film and nothing else. */
const FULL = new Set(["image", "video"]);
const SKIES = new Set(["price", "mist", "rain", "sun", "tide", "night"]);

/** The view with every list present and each price turned into one with a `deadline`, or null. */
function settle(view, now) {
  const goods = (view.goods ?? []).map((item) => {
    const lease = Number(item.price?.ends_in_ms);
    const live = item.price && lease > SETTLE_MS;
    return { ...item, price: live ? { ...item.price, deadline: now + lease } : null };
  });
  const brandView = { name: "", slogan: "", mark: null, mascot: null, skyline: null, ...view.brand };
  return { ...view, lang: view.lang || "fr", params: view.params ?? {}, goods, brand: brandView };
}

function withoutLapsed(view, now) {
  const lapsed = (price) => price && price.deadline - now <= SETTLE_MS;
  return { ...view, goods: view.goods.map((item) => (lapsed(item.price) ? { ...item, price: null } : item)) };
}

function paint(node, properties) {
  for (const [name, value] of Object.entries(properties)) node.style.setProperty(name, value);
}

/** A price that leaves is gone by then, also where a machine has no frames for its movement. */
const GONE_MS = FADE_MS + 60;

export class Scene {
  #parts = new Map();
  #goods = new Map();
  #leaving = new Set();
  #timer = 0;
  #reduced;
  #skin = "";
  #film = null;
  /** When its film's first frame is or was due, on the clock of `performance.now()`. */
  #due = null;
  #lost = null;

  /** @param {object} view as in the page's contract; @param {() => boolean} reduced */
  constructor(view, reduced) {
    this.#reduced = reduced;
    this.backdrop = el("div", "backdrop");
    this.goods = el("div", "goods");
    this.words = el("div", "words");
    this.scene = el("article", "scene", this.backdrop, this.goods, this.words);
    this.legal = el("p", "legal");
    this.root = el("div", "plot", el("div", "area", this.scene), this.legal);
    this.#apply(settle(view, performance.now()));
  }

  get key() {
    return this.view.key;
  }

  /** Resolves when every picture is decoded and the words can be laid out. */
  async ready() {
    const faces = within(facesReady(this.view.brand), FACE_LIMIT_MS).catch(() => {});
    await Promise.all([decodeAll(this.root), this.#markReady(), faces]);
    if (this.#loseFull()) await Promise.all([decodeAll(this.root), this.#markReady()]);
  }

  /** Called when the scene is in the page and the fonts are there. */
  fit() {
    fitAll(this.words);
  }

  /** Where the ground begins, in CSS pixels from the top; null for a scene without a horizon. */
  get horizon() {
    return this.earth?.querySelector(".soil")?.offsetTop ?? null;
  }

  /** Whether it is one picture or film from edge to edge. */
  get isFull() {
    return this.goods.querySelector(".full") !== null;
  }

  /**
   * Resolves when a film that comes on within `endsIn` ms has handed its first frame to the glass; until then
   * nothing hides what lies under it.
   */
  async seen(endsIn) {
    const video = this.goods.querySelector("video.full");
    if (!video?.requestVideoFrameCallback) return;
    this.root.classList.add("unseen");
    const presented = new Promise((resolve) => {
      video.requestVideoFrameCallback(resolve);
    });
    await within(presented, endsIn + SEEN_LIMIT_MS).catch(() => {});
    this.root.classList.remove("unseen");
  }

  /** Start a film so that its first frame is due at `startsAt` less the view's own offset. */
  start(startsAt) {
    this.#due = startsAt - (Number(this.view.params.offset_ms) || 0);
    this.#run();
  }

  #run() {
    const video = this.goods.querySelector("video");
    if (!video) return;
    if (this.#film?.video === video) this.#film.align(this.#due);
    else {
      this.#film?.stop();
      this.#film = new Film(video, this.#due);
    }
  }

  /** Take a newer view of the same slot; what did not change stays the same node. */
  update(view) {
    this.#apply(settle(view, performance.now()));
    // One that is about to come on begins when it is due.
    if (this.#due !== null) this.start(Math.max(this.#due, performance.now()));
  }

  /** Once a minute of wall time. */
  minute(now) {
    for (const { minute } of this.#goods.values()) minute?.(now);
    this.#again();
  }

  /** What did not decode is tried again, out of sight: where one card plays alone its scene stays for weeks. */
  async #again() {
    const { url } = this.view.params;
    const full = url && url === this.#lost && FULL.has(this.view.template);
    if (full) {
      const holder = el("div", "", ...TEMPLATES[this.view.template](this.view).goods.map(({ node }) => node));
      await decodeAll(holder);
      release(holder);
      if (!holder.firstChild || !this.root.isConnected || this.#lost !== url) return;
      this.#lost = null;
    }
    const gone = [...this.#goods].filter(([, { node }]) => !node.parentNode);
    for (const [key] of gone) this.#goods.delete(key);
    if (full || gone.length > 0) this.#apply(this.view);
  }

  remove() {
    clearTimeout(this.#timer);
    this.#film?.stop();
    release(this.root);
    for (const { lease } of this.#parts.values()) lease?.end();
    this.root.remove();
  }

  #apply(view) {
    this.view = view;
    const composed = TEMPLATES[this.#templateOf(view)](view);
    const sky = SKIES.has(composed.sky) ? composed.sky : "mist";
    const tone = TONES[sky] ?? (isLight(view.brand, sky) === false ? "on-tide" : "on-light");
    this.root.lang = view.lang;
    this.scene.className = `scene for-${composed.wall ? "pairing" : composed.horizon ?? "media"} ${tone}`;
    paint(this.root, dress(view.brand));
    // The look's second voice is mixed for the look's own skies.
    const second = isLight(view.brand, sky) ? "var(--on-sky)" : "";
    paint(this.scene, { "--second": second, ...voices(view.brand, sky) });
    this.#setEarth(composed, sky);
    this.#setLegal(composed, sky);
    this.#setGoods(composed.goods);
    this.#setParts(composed.parts);
    this.#watch();
  }

  /** A picture or film that is not there leaves the slate, never an empty night. */
  #templateOf({ template, params }) {
    if (FULL.has(template) && (!params.url || params.url === this.#lost)) return "slate";
    return Object.hasOwn(TEMPLATES, template) ? template : "slate";
  }

  /** Whether a picture or film that was to fill the screen did not decode; the slate is now there. */
  #loseFull() {
    if (!FULL.has(this.#templateOf(this.view)) || this.goods.querySelector(".full")) return false;
    this.#lost = this.view.params.url;
    this.#apply(this.view);
    return true;
  }

  #setEarth(composed, sky) {
    const skin = JSON.stringify([composed.wall, composed.horizon, sky, this.view.brand]);
    if (skin === this.#skin) return;
    this.#skin = skin;
    const before = this.earth;
    const earth = el("div", `earth sky-${sky}`);
    paint(earth, tints(this.view.brand, sky));
    if (composed.wall) earth.append(el("div", "bench"));
    else if (composed.horizon) earth.append(...this.#landscape(composed, sky));
    this.earth = earth;
    this.backdrop.append(earth);
    this.backdrop.querySelector(".brand")?.remove();
    const sign = composed.wall || !composed.horizon ? null : brand(this.view);
    if (sign) this.backdrop.append(sign);
    if (!before || !this.root.isConnected) before?.remove();
    else turnSky(earth, { reduced: this.#reduced() }).then(() => before.remove(), () => before.remove());
  }

  /** What the brand says by law on every card stands below the card itself, where nothing covers it. */
  #setLegal(composed, sky) {
    const { brand, lang, goods } = this.view;
    const words = composed.wall ? "" : text(legalOf(brand, lang, goods.length > 0));
    this.legal.className = `legal sky-${sky}`;
    paint(this.legal, { "--foot": tints(brand, sky)["--soil-foot"] ?? "", ...voices(brand, sky) });
    if (this.legal.textContent !== words) this.legal.textContent = words;
    this.legal.hidden = words === "";
  }

  #landscape(composed, sky) {
    const sheet = [el("div", "sky"), ...(composed.behind ?? [])];
    if (this.view.brand.skyline) {
      const land = el("div", "land");
      land.style.setProperty("--skyline", cssUrl(this.view.brand.skyline));
      sheet.push(land);
    }
    sheet.push(el("div", "soil"), ...(composed.onSoil ?? []));
    if (sky === "rain") sheet.push(el("div", "rain", el("i")));
    return sheet;
  }

  /** The shapes of mark and mascot, and the skyline in the cache, before they are used as masks. */
  async #markReady() {
    const load = async (url) => {
      const image = new Image();
      image.src = url;
      await within(image.decode(), DECODE_LIMIT_MS).catch(() => {});
      return image;
    };
    const { mark, mascot, skyline } = this.view.brand;
    const shapes = [mark, mascot, skyline].map((url) => url && load(url));
    const [sign, walker] = (await Promise.all(shapes)).map((shape) => shape && shape.naturalWidth / shape.naturalHeight);
    if (Number.isFinite(sign)) this.root.style.setProperty("--mark-ratio", sign.toFixed(4));
    else this.backdrop.querySelector(".mark")?.remove();
    if (Number.isFinite(walker)) this.root.style.setProperty("--mascot-ratio", walker.toFixed(4));
  }

  #setGoods(wanted) {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, { node }] of this.#goods) {
      if (keys.has(key)) continue;
      this.#goods.delete(key);
      this.#fadeOut({ node, kind: "words" }, node);
    }
    for (const item of wanted) {
      if (this.#goods.has(item.key)) continue;
      this.#goods.set(item.key, item);
      if (!this.root.isConnected) this.goods.append(item.node);
      else this.#bringIn(item);
    }
  }

  /** A good that joins a scene already on screen is decoded before anyone sees it. */
  async #bringIn({ key, node }) {
    const holder = el("div", "", node);
    await decodeAll(holder);
    if (node.matches(".full") && !node.parentNode && this.#loseFull()) return;
    if (this.#goods.get(key)?.node !== node || node.parentNode !== holder) return;
    this.goods.append(node);
    if (this.#due !== null) this.#run();
    enter({ node, kind: "words" }, { reduced: this.#reduced(), afterFigures: false });
  }

  #fadeOut(part, holder) {
    const gone = () => {
      holder.remove();
      this.#leaving.delete(holder);
      // An animation that is armed for hours keeps what it is on for as long.
      part.lease?.end();
    };
    if (!this.root.isConnected) return gone();
    if (part.lease) {
      this.#leaving.add(holder);
      setTimeout(gone, GONE_MS);
    }
    leave(part, { reduced: this.#reduced() }).then(gone, gone);
    return undefined;
  }

  /** Keep equal parts, swap the others: figures set and rise, the rest fades. */
  #setParts(wanted) {
    const before = this.#parts;
    const after = new Map();
    const joining = [];
    for (const part of wanted) {
      const look = part.node.outerHTML;
      const held = before.get(part.id);
      if (held && held.look === look && Boolean(held.lease) === (part.good !== null)) {
        held.lease?.renew(this.view.goods[part.good].price.deadline);
        after.set(part.id, held);
        before.delete(part.id);
      } else {
        const joined = this.#join({ ...part, look });
        after.set(part.id, joined);
        joining.push(joined);
      }
    }
    this.#parts = after;
    this.#swap([...before.values()], joining);
  }

  /** Put a part in the page; a part that says a price gets a layer of its own with its lease. */
  #join(part) {
    const layer = part.good === null ? part.node : el("div", "lease", part.node);
    this.words.append(layer);
    const lease = part.good === null ? null : new Lease(layer, this.view.goods[part.good].price.deadline);
    return { ...part, layer, lease };
  }

  #swap(leaving, joining) {
    const moved = this.root.isConnected;
    if (leaving.some(({ lease }) => lease)) {
      // On a machine that is behind, prices that have been overtaken twice wait for no movement.
      for (const layer of this.#leaving) layer.remove();
      this.#leaving.clear();
    }
    for (const part of leaving) this.#fadeOut(part, part.layer);
    if (!moved) return;
    for (const part of joining) fitAll(part.layer);
    const reduced = this.#reduced();
    const afterFigures = [...leaving, ...joining].some(({ kind }) => kind === "figures");
    for (const part of joining) enter(part, { reduced, afterFigures });
    if (afterFigures && !reduced && joining.some(({ layer }) => layer.querySelector(".shelf"))) {
      const light = el("i", "glow");
      this.words.append(light);
      glow(light).then(() => light.remove(), () => light.remove());
    }
  }

  /** Turn to the price-free form in time; the leases hold even when this comes too late. */
  #watch() {
    clearTimeout(this.#timer);
    const ends = this.view.goods.filter(({ price }) => price).map(({ price }) => price.deadline);
    if (!ends.length) return;
    const wait = Math.min(...ends) - SETTLE_MS - performance.now();
    this.#timer = setTimeout(() => this.#lapse(), Math.min(TIMER_LIMIT_MS, Math.max(0, wait)));
  }

  #lapse() {
    const next = withoutLapsed(this.view, performance.now() + 1);
    const changed = next.goods.some((item, index) => item.price !== this.view.goods[index].price);
    if (changed) this.#apply(next);
    else this.#watch();
  }
}

