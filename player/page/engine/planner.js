/**
 * Brings the plan in force to the head that is wanted: objects, then the files that are due, then the switch in
 * one step, then the rest.
 */

import { checkObject } from "./admission.js";
import { beginPlan, filesDueNow, filesInOrder, isEmergency, lackingChunks, objectsOf, withChunks } from "./plans.js";

/** A new plan waits this long (ms) for files without which its first minute would not be as planned. */
const DUE_LIMIT_MS = 10_000;
/** What could not be had is asked for again this late, give or take half, and twice as late each time (ms). */
const RETRY_MS = 5_000;
const RETRY_AT_MOST_MS = 300_000;
const CHUNKS_AT_ONCE = 8;

export class Planner {
  #store;
  #session;
  #assets;
  #hooks;
  #wanted = null;
  #busy = false;
  #timer = 0;
  #waitMs = RETRY_MS;
  plan = null;

  /** @param {{now, onPlan: () => void, onHeld: () => void, onFault}} hooks */
  constructor(store, session, assets, hooks) {
    this.#store = store;
    this.#session = session;
    this.#assets = assets;
    this.#hooks = hooks;
  }

  /** Put the plan in force again that was when the page ended, without a network. */
  async restore() {
    const head = await this.#store.value("inForce");
    if (!head) return;
    const held = (addresses) => this.#store.objects(addresses);
    this.plan = await beginPlan(head, held, { ms: Infinity });
    const addresses = [...objectsOf(this.plan)].filter((address) => address !== head.manifest && address !== this.plan.manifest.deck);
    this.plan = withChunks(this.plan, await this.#store.objects(addresses));
  }

  /** The head to converge on. */
  want(head) {
    if (this.#wanted?.revision !== head.revision) this.#waitMs = RETRY_MS;
    this.#wanted = head;
    this.#go();
  }

  /** The server is there again: what it could not give before is asked for now. */
  again() {
    this.#waitMs = RETRY_MS;
    this.#go();
  }

  /** Files of the plan that are not held yet. */
  get missing() {
    if (!this.plan) return 0;
    return filesInOrder(this.plan, this.#hooks.now()).filter((sha) => this.#assets.url(sha) === null).length;
  }

  async #go() {
    if (this.#busy || !this.#wanted) return;
    this.#busy = true;
    clearTimeout(this.#timer);
    const head = this.#wanted;
    const before = this.#assets.held.size;
    let over = false;
    try {
      if (this.plan?.revision !== head.revision) await this.#switch(head);
      over = await this.#complete();
    } catch (error) {
      this.#hooks.onFault(error);
    }
    this.#busy = false;
    if (this.#wanted !== head) this.#go();
    else if (!over) this.#later(before);
  }

  /** A file that never comes whole must not be fetched for months, every few seconds, on a shop's line. */
  #later(before) {
    if (this.#assets.held.size > before) this.#waitMs = RETRY_MS;
    this.#timer = setTimeout(() => this.#go(), this.#waitMs * (0.5 + Math.random()));
    this.#waitMs = Math.min(2 * this.#waitMs, RETRY_AT_MOST_MS);
  }

  async #switch(head) {
    const now = this.#hooks.now();
    const objects = new Map();
    const get = async (addresses) => {
      const found = await this.#get(addresses);
      for (const [address, bytes] of found) objects.set(address, bytes);
      return found;
    };
    const plan = await beginPlan(head, get, now);
    if (this.plan && !isEmergency(plan, now)) await this.#dueFiles(plan, now);
    await this.#store.write({ values: { inForce: head }, objects }, { strict: true });
    this.plan = plan;
    this.#hooks.onPlan();
  }

  async #dueFiles(plan, now) {
    const late = new Promise((resolve) => setTimeout(resolve, DUE_LIMIT_MS));
    await Promise.race([this.#assets.fetch(filesDueNow(plan, now), this.#hooks.onHeld), late]);
  }

  /** Everything else that the plan names; whether nothing is missing any more. */
  async #complete() {
    const now = this.#hooks.now();
    await this.#assets.fetch(filesDueNow(this.plan, now), this.#hooks.onHeld);
    const lacking = lackingChunks(this.plan, now);
    for (let at = 0; at < lacking.length; at += CHUNKS_AT_ONCE) {
      const objects = await this.#get(lacking.slice(at, at + CHUNKS_AT_ONCE));
      await this.#store.write({ objects });
      this.plan = withChunks(this.plan, objects);
      this.#hooks.onPlan();
    }
    const files = filesInOrder(this.plan, now);
    await this.#assets.fetch(files, this.#hooks.onHeld);
    if (this.missing > 0) return false;
    await this.#assets.keep(new Set(files));
    const named = objectsOf(this.plan);
    const dropObjects = (await this.#store.addresses()).filter((address) => !named.has(address));
    if (dropObjects.length > 0) await this.#store.write({ dropObjects });
    return true;
  }

  /** Bytes of objects, from the store or the server; all of them, or it throws. */
  async #get(addresses) {
    const found = await this.#store.objects(addresses);
    const lacking = addresses.filter((address) => !found.has(address));
    await Promise.all(lacking.map(async (address) => {
      found.set(address, await checkObject(address, await this.#session.bytes(`/objects/${address}`)));
    }));
    return found;
  }
}
