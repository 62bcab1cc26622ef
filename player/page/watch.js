/**
 * The screens of a shop on a page of the studio, drawn by the code that draws them in the shop, over one socket.
 *
 *     const watching = watch(new Map([["lille-1", element]]), { doorUrl, apiUrl, token });
 *     watching.state();   // {connected, screens: {id: as Screen.state()}}
 *     watching.stop();
 *
 * `token` is the signed enseigne.watch, or a function that gives (a promise of) one whenever it is asked;
 * `apiUrl` is the address of /player/v1. The elements have a size; nothing is written outside of them.
 */

import { monotonic } from "./engine/clock.js";
import { Door } from "./engine/door.js";
import { Following } from "./engine/following.js";
import { Screen } from "./engine/screen.js";
import { request } from "./engine/session.js";
import { filesOf } from "./engine/slot_at.js";
import { brandFiles } from "./engine/view.js";

const REPORT_MS = 45_000;
/** Days roll on and pictures that failed are asked for again (ms). */
const LOOK_AGAIN_MS = 60_000;
const HEAD_AGAIN_MS = 5_000;

class Watching {
  #api;
  #leave;
  #bearer = "";
  #provedAt = 0;
  #onFault;
  #screens = new Map();
  #following = new Following((path) => this.#get(path));
  #files = new Map();
  #door;
  #timers = [];

  constructor(hosts, { doorUrl, apiUrl, token, base, reducedMotion, onFault = (error) => console.warn(String(error)) }) {
    this.#api = apiUrl.replace(/\/+$/, "");
    this.#leave = typeof token === "function" ? token : () => token;
    this.#onFault = onFault;
    const now = () => this.#following.now();
    const assetUrl = (sha) => this.#fileUrl(sha);
    for (const [id, host] of hosts) {
      if (getComputedStyle(host).position === "static") host.style.position = "relative";
      this.#screens.set(id, new Screen(host, { now, assetUrl, onFault, base, reducedMotion }));
      this.#show(id);
    }
    this.#door = new Door(doorUrl, this.#doorHooks());
    this.#timers.push(setInterval(() => this.#report(), REPORT_MS), setInterval(() => this.#lookAgain(), LOOK_AGAIN_MS));
  }

  state() {
    const screens = Object.fromEntries([...this.#screens].map(([id, screen]) => [id, screen.state()]));
    return { connected: this.#door.welcome, screens };
  }

  stop() {
    for (const timer of this.#timers) clearInterval(timer);
    this.#door.close();
    for (const screen of this.#screens.values()) screen.destroy();
    for (const { url } of this.#files.values()) if (url) URL.revokeObjectURL(url);
  }

  #doorHooks() {
    return {
      prove: async () => {
        this.#bearer = await this.#leave();
        this.#provedAt = monotonic();
        return { v: 1, watch: this.#bearer };
      },
      onWelcome: ({ token, time }) => {
        this.#bearer = token;
        this.#following.takeTime(time, this.#provedAt);
        this.#report();
        this.#showAll();
      },
      onMessage: (kind, token) => this.#take(kind, token),
      onPull: ({ what, channel }) => {
        if (what === "offers") return this.#pull(channel);
        if (what === "freshness") return this.#report();
        return what === "head" ? this.#door.again() : undefined;
      },
      onRefused: ({ code, message }) => this.#onFault(new Error(`The door refuses (${code}): ${message}`)),
      onFault: this.#onFault,
    };
  }

  async #take(kind, token) {
    if (kind === "time") this.#following.takeTime(token);
    else if (kind === "freshness") this.#following.takeFreshness(token);
    else if (kind === "offers") {
      const gap = this.#following.takeOffers(token);
      if (gap !== null) await this.#pull(gap);
    } else return this.#takeHead(token);
    return this.#showAll();
  }

  async #takeHead(token) {
    try {
      const screen = await this.#following.takeHead(token);
      if (screen !== null) this.#show(screen);
      await Promise.all(this.#following.lacking.map((channel) => this.#pull(channel)));
    } catch (error) {
      this.#onFault(error);
      this.#timers.push(setTimeout(() => this.#takeHead(token), HEAD_AGAIN_MS));
    }
  }

  async #pull(channel) {
    const { messages } = await (await this.#get(`/offers/${encodeURIComponent(channel)}?from=0`)).json();
    for (const token of messages) this.#following.takeOffers(token);
    this.#showAll();
  }

  #report() {
    if (!this.#door.welcome) return;
    const playing = {};
    const body = { revision: 0, channels: this.#following.versions, freshness: 0, missing: 0, playing, page: "" };
    this.#door.report({ ...body, clock: { uncertainty: null }, nonce: this.#following.askTime() });
  }

  #show(id) {
    this.#screens.get(id)?.update(this.#following.world(id));
  }

  #showAll() {
    for (const id of this.#screens.keys()) this.#show(id);
  }

  #lookAgain() {
    const named = this.#named();
    for (const [sha, { url, failed }] of this.#files) {
      if (!failed && (!url || named.has(sha))) continue;
      if (url) URL.revokeObjectURL(url);
      this.#files.delete(sha);
    }
    this.#showAll();
  }

  /** Files of the plans that screens have now: a page that stays open for weeks keeps no others. */
  #named() {
    const plans = [...this.#screens.keys()].flatMap((id) => this.#following.world(id).plan ?? []);
    return new Set(plans.flatMap(({ manifest, cards }) => [...brandFiles(manifest), ...[...cards.values()].flatMap(filesOf)]));
  }

  #get(path) {
    return request(`${this.#api}${path}`, { bearer: this.#bearer });
  }

  /** A file's address once it is here; asked for when a view first needs it. */
  #fileUrl(sha) {
    if (!this.#files.has(sha)) {
      const file = { url: null, failed: false };
      this.#files.set(sha, file);
      this.#get(`/assets/${sha}`).then((answer) => answer.blob()).then((blob) => {
        file.url = URL.createObjectURL(blob);
        this.#showAll();
      }).catch((error) => {
        file.failed = true;
        this.#onFault(error);
      });
    }
    return this.#files.get(sha).url;
  }
}

/** @param {Map<string, Element>} hosts by screen id */
export function watch(hosts, options) {
  return new Watching(hosts, options);
}
