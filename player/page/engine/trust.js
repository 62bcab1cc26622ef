/**
 * What a browser screen believes: messages are verified and admitted one at a time. Keys and heads are on the disk
 * before anything is fetched for them; a price waits for no disk and no server.
 */

import * as admission from "./admission.js";
import { monotonic, wallGuess } from "./clock.js";
import { b64, openToken, refusalNonce, unb64 } from "./jws.js";
import { changesOf } from "./keeping.js";
import { channelState, decodeFreshness } from "./offers.js";
import { readTime } from "./wire.js";

/** A message by an unknown key makes us ask for the keys again, at most this often (ms). */
const KEYS_EVERY_MS = 30_000;
const NONCE_BYTES = 18;
/** Questions for the time that may still be answered. */
const MOST_QUESTIONS = 4;
const ADMIT = {
  keys: admission.admitKeys, head: admission.admitHead, offers: admission.admitOffers, freshness: admission.admitFreshness,
};
/** What must be on the disk before it is acted on; the rest may be in the system's hands. */
const STRICT = new Set(["keys", "head"]);
/** Messages that wait for the keys document that may name their key. */
const MOST_WAITING = 32;

export class Trust {
  #state;
  #kept;
  #store;
  #hooks;
  #queue = Promise.resolve();
  #asked = new Map();
  #keysAt = -Infinity;
  #waiting = [];
  #writing = Promise.resolve();
  #strictly = false;
  #decoded = new WeakMap();

  /**
   * @param state of admission.js @param kept the same state when the store holds it, null otherwise
   * @param {{onEffect: (effect) => void, onChange: () => void, onFault, fetchKeys: () => Promise<string>}} hooks
   */
  constructor(state, kept, store, hooks) {
    this.#state = state;
    this.#kept = kept;
    this.#store = store;
    this.#hooks = hooks;
  }

  get state() {
    return this.#state;
  }

  now() {
    return admission.nowOf(this.#state.time, monotonic(), wallGuess());
  }

  /** Offers as slot_at.js takes them. */
  get offers() {
    const held = Object.entries(this.#state.channels).filter(([, channel]) => channel.offers !== null);
    return new Map(held.map(([name, channel]) => [name, this.#channel(channel)]));
  }

  /** Freshness of `store` (the screen's own) over that of others. */
  freshness(store) {
    const own = (name) => Number(name === store);
    const stores = Object.keys(this.#state.freshness).sort((a, b) => own(a) - own(b));
    return decodeFreshness(...stores.map((name) => this.#state.freshness[name].payload));
  }

  /** The version of a channel that is held whole, 0 where none is. */
  versionOf(channel) {
    const held = this.#state.channels[channel];
    return held?.offers ? held.version : 0;
  }

  /** Whether a channel is not held, or not at the version that freshness gives it. */
  isBehind(channel) {
    const told = Object.values(this.#state.freshness).map(({ payload }) => payload.channels[channel]?.[0] ?? 0);
    return this.versionOf(channel) === 0 || Math.max(...told, 0) > this.versionOf(channel);
  }

  /** Whether the server signed that it refuses this very proof, and not before what it said last. */
  async isSigned({ code, signed, proof }) {
    try {
      const { payload } = await openToken(signed, "time", this.#state.ring, null);
      const said = readTime(payload);
      return said.nonce === (await refusalNonce(code, proof)) && said.now >= this.#state.time.mark;
    } catch {
      return false;
    }
  }

  /** Take a message; what is refused is told to onFault. Resolves when it is over. */
  take(kind, token, receivedAt = monotonic()) {
    return this.#next(() => (kind === "time" ? this.#takeTime(token, receivedAt) : this.#take(kind, token)));
  }

  follow(channels) {
    return this.#next(() => this.#commit(admission.follow(this.#state, channels), true));
  }

  /** A nonce to ask the signed time with. */
  askTime() {
    const nonce = b64(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
    this.#asked.set(nonce, monotonic());
    if (this.#asked.size > MOST_QUESTIONS) this.#asked.delete(this.#asked.keys().next().value);
    return nonce;
  }

  /** Keep how far the time has come. */
  tick() {
    return this.#next(() => this.#commit({ state: { ...this.#state, time: admission.ticked(this.#state.time, monotonic()) }, effects: [] }));
  }

  /** Nobody vouches for the time any more, until the next signed answer. */
  forgetTime() {
    return this.#next(() => this.#setTime({ offset: null, anchoredAt: 0, uncertainty: 0 }));
  }

  /** Time that an earlier page of this browser had from a signed answer. */
  carryTime({ offset, uncertainty, at }) {
    return this.#next(() => {
      const { time } = this.#state;
      if (time.offset === null && at + offset >= time.mark) this.#setTime({ offset, anchoredAt: at, uncertainty });
    });
  }

  #setTime(time) {
    this.#state = { ...this.#state, time: { ...this.#state.time, ...time } };
    this.#hooks.onChange();
  }

  #next(act) {
    this.#queue = this.#queue.then(act).catch(this.#hooks.onFault);
    return this.#queue;
  }

  async #take(kind, token) {
    try {
      await this.#commit(await ADMIT[kind](this.#state, token, this.now()), STRICT.has(kind));
    } catch (error) {
      if (error.reason !== "unknown_key" || kind === "keys") throw error;
      if (monotonic() - this.#keysAt < KEYS_EVERY_MS && this.#waiting.length === 0) throw error;
      this.#waiting = [...this.#waiting, [kind, token]].slice(-MOST_WAITING);
      if (this.#waiting.length === 1) this.#renewKeys();
    }
  }

  /** Fetch the keys beside the queue, then take what waited for them. */
  async #renewKeys() {
    this.#keysAt = monotonic();
    try {
      await this.take("keys", await this.#hooks.fetchKeys());
    } catch (error) {
      this.#hooks.onFault(error);
    }
    const waited = this.#waiting;
    this.#waiting = [];
    for (const [kind, token] of waited) this.take(kind, token);
  }

  async #takeTime(token, receivedAt) {
    const nonce = nonceOf(token);
    const sentAt = this.#asked.get(nonce);
    if (sentAt === undefined) return;
    this.#asked.delete(nonce);
    await this.#commit(await admission.admitTime(this.#state, token, nonce, sentAt, receivedAt));
  }

  #commit({ state, effects }, strict = false) {
    const act = () => effects.forEach((effect) => this.#hooks.onEffect(effect));
    if (state === this.#state) return act();
    this.#state = state;
    this.#hooks.onChange();
    const written = this.#keep(strict);
    if (!strict) return act();
    // What comes next does not wait for the disk.
    written.then(act).catch(this.#hooks.onFault);
    return undefined;
  }

  /** Write what the store does not hold yet. A full disk must not stop the prices: it goes on from memory. */
  #keep(strict) {
    this.#strictly ||= strict;
    this.#writing = this.#writing.then(async () => {
      const state = this.#state;
      if (state === this.#kept) return;
      const options = { strict: this.#strictly };
      this.#strictly = false;
      await this.#store.write({ values: changesOf(state, this.#kept) }, options);
      this.#kept = state;
    }).catch(this.#hooks.onFault);
    return this.#writing;
  }

  #channel(held) {
    if (!this.#decoded.has(held)) this.#decoded.set(held, channelState(held.version, held.offers, held.lease));
    return this.#decoded.get(held);
  }
}

/** Which question an answer is for, before its signature is looked at. */
function nonceOf(token) {
  return JSON.parse(new TextDecoder().decode(unb64(token.split(".")[1] ?? ""))).nonce;
}
