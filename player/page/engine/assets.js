/**
 * The files that cards need, in the browser's Cache Storage by their sha256. A file is held when all of it is
 * there and its sha256 is its name; before, it does not exist.
 */

import { sha256 } from "./jws.js";
import { Refused } from "./manifest.js";

const CACHE = "enseigne-assets";
const AT_ONCE = 3;
const addressOf = (sha) => `/enseigne-asset/${sha}`;

export class Assets {
  #cache = null;
  #urls = new Map();
  #fetching = new Map();
  #get;
  #onFault;

  /** @param {(sha) => Promise<Response>} get fetch a file */
  constructor(get, onFault) {
    this.#get = get;
    this.#onFault = onFault;
  }

  /** Take up what an earlier visit kept; over plain HTTP nothing is kept, and files are fetched at each start. */
  async open() {
    if (!globalThis.caches) return;
    this.#cache = await caches.open(CACHE);
    for (const { url } of await this.#cache.keys()) {
      const answer = await this.#cache.match(url);
      this.#urls.set(url.split("/").at(-1), URL.createObjectURL(await answer.blob()));
    }
  }

  get held() {
    return new Set(this.#urls.keys());
  }

  url(sha) {
    return this.#urls.get(sha) ?? null;
  }

  /** Fetch what is missing of `shas`, in this order; resolves when every attempt is over. `onHeld` after each. */
  async fetch(shas, onHeld) {
    const waiting = shas.filter((sha) => !this.#urls.has(sha));
    const work = async () => {
      for (let sha = waiting.shift(); sha !== undefined; sha = waiting.shift()) {
        try {
          await this.#one(sha);
          onHeld();
        } catch (error) {
          this.#onFault(error);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** Forget every file but these. */
  async keep(shas) {
    for (const [sha, url] of this.#urls) {
      if (shas.has(sha)) continue;
      this.#urls.delete(sha);
      URL.revokeObjectURL(url);
      await this.#cache?.delete(addressOf(sha));
    }
  }

  async #one(sha) {
    if (this.#urls.has(sha)) return;
    if (!this.#fetching.has(sha)) {
      this.#fetching.set(sha, this.#take(sha).finally(() => this.#fetching.delete(sha)));
    }
    await this.#fetching.get(sha);
  }

  async #take(sha) {
    const answer = await this.#get(sha);
    const type = answer.headers.get("Content-Type") ?? "";
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if ((await sha256(bytes)) !== sha) throw new Refused("truncated", `The file ${sha} came damaged.`);
    const blob = new Blob([bytes], { type });
    // Where the disk is full it plays from memory: fetched again, it would not fit either.
    await this.#cache?.put(addressOf(sha), new Response(blob, { headers: { "Content-Type": type } })).catch(this.#onFault);
    this.#urls.set(sha, URL.createObjectURL(blob));
  }
}
