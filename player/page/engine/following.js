/**
 * What a studio page knows of the screens it watches: heads by screen, offers and freshness shared by all.
 *
 * It shows and decides nothing: this code, its leave to watch and the messages come from one server over one
 * connection, so their signatures are not checked again here. A screen of a shop never reads them this way.
 */

import { b64, unb64 } from "./jws.js";
import { monotonic, ServedClock } from "./clock.js";
import { decodeChunk, decodeDeck, decodeManifest } from "./manifest.js";
import { decodeFreshness, decodeOffer } from "./offers.js";
import { parseJson, readFreshness, readHead, readOffers, readTime } from "./wire.js";

const NONCE_BYTES = 18;
const utf8 = new TextDecoder("utf-8", { fatal: true });

const opened = (token, read) => read(parseJson(utf8.decode(unb64(token.split(".")[1] ?? ""))));

export class Following {
  #get;
  #clock = new ServedClock();
  #asked = { nonce: null, sentAt: 0 };
  #heads = new Map();
  #plans = new Map();
  #objects = new Map();
  #channels = new Map();
  #freshness = new Map();

  /** @param {(path) => Promise<Response>} get a request to the players' API */
  constructor(get) {
    this.#get = get;
  }

  now() {
    return this.#clock.now();
  }

  /** Versions of channels that are held, as a report names them. */
  get versions() {
    return Object.fromEntries([...this.#channels].map(([name, { version }]) => [name, version]));
  }

  /** What one screen shows from; null until its plan is here. */
  world(screen) {
    const plan = this.#plans.get(screen) ?? null;
    const own = (store) => Number(store === plan?.manifest.store);
    const stores = [...this.#freshness.keys()].sort((a, b) => own(a) - own(b));
    return {
      plan,
      offers: this.#channels,
      freshness: decodeFreshness(...stores.map((store) => this.#freshness.get(store))),
      held: { has: () => true },
      overrides: [],
      pairing: null,
      notice: null,
    };
  }

  askTime() {
    this.#asked = { nonce: b64(crypto.getRandomValues(new Uint8Array(NONCE_BYTES))), sentAt: monotonic() };
    return this.#asked.nonce;
  }

  /** The door's own nonce is answered by its welcome; `sentAt` is when our answer to its challenge left. */
  takeTime(token, sentAt = null) {
    const { nonce, now } = opened(token, readTime);
    if (sentAt === null && nonce !== this.#asked.nonce) return;
    this.#clock.told(now, 0, sentAt ?? this.#asked.sentAt, monotonic());
  }

  /** The screen whose plan is now another one, null when nothing changed. */
  async takeHead(token) {
    const head = opened(token, readHead);
    const held = this.#heads.get(head.screen);
    if (held && held.revision >= head.revision) return null;
    this.#heads.set(head.screen, head);
    try {
      const plan = await this.#planOf(head);
      if (this.#heads.get(head.screen) !== head) return null;
      this.#plans.set(head.screen, plan);
    } catch (error) {
      if (this.#heads.get(head.screen) === head) this.#heads.delete(head.screen);
      throw error;
    }
    this.#dropObjects();
    return head.screen;
  }

  /** The channel to pull when the message leaves a gap, null otherwise. */
  takeOffers(token) {
    const { channel, from, to, set, gone, lease: [asOf, leaseMs] } = opened(token, readOffers);
    const held = this.#channels.get(channel);
    if (held && to <= held.version) return null;
    if (from > 0 && held?.version !== from) return channel;
    const offers = new Map(from > 0 ? held.offers : []);
    for (const sku of gone) offers.delete(sku);
    for (const offer of set) offers.set(offer.k, decodeOffer(offer));
    // A new map: worlds that were handed out stay as they were.
    this.#channels = new Map(this.#channels).set(channel, { version: to, offers, asOf, leaseMs });
    return null;
  }

  takeFreshness(token) {
    const payload = opened(token, readFreshness);
    const held = this.#freshness.get(payload.store);
    if (!held || held.issued_at < payload.issued_at) this.#freshness.set(payload.store, payload);
  }

  /** Channels that plans read and nobody sent. */
  get lacking() {
    const read = new Set([...this.#plans.values()].flatMap((plan) => plan.manifest.channels));
    return [...read].filter((channel) => !this.#channels.has(channel));
  }

  async #planOf({ revision, manifest: address, expires_at: expiresAt }) {
    const manifest = await this.#object(address, decodeManifest);
    const now = this.now().ms;
    const soon = manifest.days.filter((day) => day.untilMs > now).slice(0, 2).map((day) => day.chunk);
    const names = [...new Set(soon)];
    const [cards, ...chunks] = await Promise.all([
      this.#object(manifest.deck, decodeDeck), ...names.map((name) => this.#object(name, decodeChunk)),
    ]);
    return { revision, address, expiresAt, manifest, cards, chunks: new Map(names.map((name, at) => [name, chunks[at]])) };
  }

  #object(sha, decode) {
    if (!this.#objects.has(sha)) {
      const made = this.#get(`/objects/${sha}`).then((answer) => answer.arrayBuffer()).then((data) => decode(new Uint8Array(data)));
      made.catch(() => this.#objects.delete(sha));
      this.#objects.set(sha, made);
    }
    return this.#objects.get(sha);
  }

  #dropObjects() {
    const used = new Set([...this.#plans.values()].flatMap(({ address, manifest, chunks }) => [address, manifest.deck, ...chunks.keys()]));
    for (const { manifest } of this.#heads.values()) used.add(manifest);
    for (const sha of this.#objects.keys()) if (!used.has(sha)) this.#objects.delete(sha);
  }
}
