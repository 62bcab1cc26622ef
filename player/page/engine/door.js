/** The socket to the server's door: proves who this is, hands on what comes, comes back when it is cut. */

import { io } from "../vendor/socket.io.esm.min.js";
import { readChallenge, readPull, readRefusal, readWelcome } from "./wire.js";

const BACK_MS = 500;
const BACK_AT_MOST_MS = 10_000;
/** Refused: ask again this late, give or take half, and twice as late each time (ms). */
const REFUSED_FIRST_MS = 1_000;
const REFUSED_AT_MOST_MS = 30_000;

export class Door {
  #socket;
  #hooks;
  #timer = 0;
  #refusedMs = REFUSED_FIRST_MS;
  /** Whether the server knows us on this connection. */
  welcome = false;

  /**
   * @param {string} url the door's address
   * @param {{prove: (nonce) => Promise<object>, onWelcome, onMessage: (kind, token) => void, onPull,
   *   onRefused, onFault}} hooks `prove` gives the body of the answer to the challenge
   */
  constructor(url, hooks) {
    this.#hooks = hooks;
    this.#socket = io(`${url.replace(/\/+$/, "")}/player`, {
      transports: ["websocket"],
      reconnectionDelay: BACK_MS,
      reconnectionDelayMax: BACK_AT_MOST_MS,
    });
    const on = (event, act) => this.#socket.on(event, async (body) => {
      try {
        await act(body);
      } catch (error) {
        hooks.onFault(error);
      }
    });
    on("challenge", async (body) => this.#socket.emit("prove", await hooks.prove(readChallenge(body).nonce)));
    on("welcome", (body) => {
      const welcome = readWelcome(body);
      this.welcome = true;
      this.#refusedMs = REFUSED_FIRST_MS;
      return hooks.onWelcome(welcome);
    });
    for (const kind of ["head", "offers", "freshness", "time"]) on(kind, (token) => hooks.onMessage(kind, String(token)));
    on("pull", (body) => hooks.onPull(readPull(body)));
    on("refused", (body) => {
      hooks.onRefused(readRefusal(body));
      // The door may not yet have heard of a screen that was paired a moment ago.
      this.#backLater(this.#refusedMs);
      this.#refusedMs = Math.min(2 * this.#refusedMs, REFUSED_AT_MOST_MS);
    });
    on("disconnect", (reason) => {
      this.welcome = false;
      if (reason === "io server disconnect") this.#backLater(BACK_AT_MOST_MS);
    });
  }

  report(body) {
    this.#socket.emit("report", body);
  }

  /** Leave and come back: the door tells everything anew. */
  again() {
    this.welcome = false;
    this.#socket.disconnect().connect();
  }

  close() {
    clearTimeout(this.#timer);
    this.#socket.disconnect();
  }

  #backLater(length) {
    this.welcome = false;
    this.#socket.disconnect();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.connect(), length * (0.5 + Math.random()));
  }
}
