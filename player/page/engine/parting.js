/**
 * When a browser stops being its screen: the server says so twice, and really the server (the agent's twin is
 * player/agent/parting.py). Until that is certain it plays on.
 */

import { monotonic } from "./clock.js";

/** Words of the server that say that this device is not (or no more) that screen's. */
export const PARTED = new Set(["unknown_screen", "bad_signature"]);
/** The second refusal that counts comes at least so long after the first (ms). */
const AGAIN_MS = 20_000;

export class Parting {
  #isSigned;
  #since = null;

  /** @param {(refusal: {code, signed, proof}) => Promise<boolean>} isSigned whether the server's signature is on it */
  constructor(isSigned) {
    this.#isSigned = isSigned;
  }

  welcomed() {
    this.#since = null;
  }

  /** Whether it is certain now that this device is no more this screen. */
  async refused(refusal) {
    if (!PARTED.has(refusal.code)) return false;
    // What a secure origin says is its own.
    if (!isSecureContext && !(await this.#isSigned(refusal))) return false;
    this.#since ??= monotonic();
    return monotonic() - this.#since >= AGAIN_MS;
  }
}
