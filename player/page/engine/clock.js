/**
 * The page's time: the monotonic clock plus an offset that somebody vouches for. The machine's wall clock is
 * read once, at the start, as the guess for as long as nobody does.
 */

/** Whole monotonic milliseconds since the page began. */
export const monotonic = () => Math.floor(performance.now());

/** The wall clock's guess, carried on by the monotonic clock. */
export const wallGuess = () => Math.floor(performance.timeOrigin + performance.now());

/** A local agent's clock drifts against the page's by at most this (parts per million). */
const DRIFT_PPM = 100;
/** An answer that took longer says too little about the time (ms). */
const MAX_ROUND_TRIP_MS = 2_000;
const LOOK_EVERY_MS = 2_000;
/** The monotonic clock may stand still while a machine sleeps: more than this (ms) against the wall clock. */
const SLEEP_MS = 1_500;

/** Time as the agent on the same machine tells it. */
export class ServedClock {
  #offset = null;
  #uncertainty = null;
  #at = 0;

  /**
   * `now` was read between two monotonic instants; `uncertainty` null: nobody vouches for it. What is held stays
   * while it agrees and is finer: an answer that a busy page heard late says little about when it was given.
   */
  told(now, uncertainty, sentAt, receivedAt) {
    const half = Math.ceil((receivedAt - sentAt) / 2);
    if (half > MAX_ROUND_TRIP_MS / 2) return;
    const offset = now + half - receivedAt;
    const fresh = uncertainty === null ? null : uncertainty + half + 1;
    const held = this.#unsure(receivedAt);
    if (held !== null && fresh !== null && held <= fresh && Math.abs(offset - this.#offset) <= held + fresh) return;
    this.#offset = offset;
    this.#uncertainty = fresh;
    this.#at = receivedAt;
  }

  forget() {
    this.#uncertainty = null;
  }

  /** {ms, uncertaintyMs}, as slot_at.js takes it. */
  now() {
    const at = monotonic();
    if (this.#offset === null) return { ms: wallGuess(), uncertaintyMs: null };
    return { ms: at + this.#offset, uncertaintyMs: this.#unsure(at) };
  }

  #unsure(at) {
    return this.#uncertainty === null ? null : this.#uncertainty + Math.ceil(((at - this.#at) * DRIFT_PPM) / 1_000_000);
  }
}

/** Call `slept` when the two clocks of this machine part: it slept, or its wall clock was set. */
export function watchSleep(slept) {
  const apart = () => Date.now() - performance.timeOrigin - performance.now();
  let before = apart();
  const look = () => {
    const now = apart();
    if (Math.abs(now - before) > SLEEP_MS) slept();
    before = now;
  };
  setInterval(look, LOOK_EVERY_MS);
  document.addEventListener("visibilitychange", look);
}
