/**
 * A screen that is nothing but a browser: pairs itself, verifies every message before it is used, keeps what it
 * needs to go on without a network, and converges on what the server wants by its reports.
 */

import { newState } from "./admission.js";
import { Assets } from "./assets.js";
import { askCarried, carry } from "./carried.js";
import { monotonic, wallGuess } from "./clock.js";
import { Door } from "./door.js";
import { changesOf, keptState } from "./keeping.js";
import { CAPS, deviceKey, pair } from "./pair.js";
import { PARTED, Parting } from "./parting.js";
import { Planner } from "./planner.js";
import { Session } from "./session.js";
import { Spool } from "./spool.js";
import { Store } from "./store.js";
import { Trust } from "./trust.js";

const REPORT_MS = 45_000;
const REPORT_SPREAD_MS = 10_000;
/** A report over the socket that is not answered by then goes over HTTP too (ms). */
const ANSWER_LIMIT_MS = 8_000;
/** The socket has this long (ms) at the start before HTTP is used. */
const FIRST_SOCKET_MS = 3_000;
/** What could not be had is asked for again this late, give or take half, and twice as late each time (ms). */
const PULL_AGAIN_MS = 500;
/** The withdrawal of a price is confirmed within this (ms). */
const CONFIRM_MS = 12_000;
const FILES_TOGETHER_MS = 100;
const LOCK = "enseigne-screen";
/** A page that is being left lets go of the screen within this (ms). */
const ELSEWHERE_MS = 2_000;
const ELSEWHERE = [
  "Cet écran est déjà ouvert dans un autre onglet.",
  "This screen is open in another tab already.",
];

export class DirectSource {
  #api;
  #doorUrl;
  #hooks;
  #store = null;
  #session = null;
  #trust = null;
  #planner = null;
  #assets = null;
  #spool = null;
  #door = null;
  #pairing = null;
  #firstKeys = null;
  #held = null;
  #reportMs = REPORT_MS;
  #timer = 0;
  #soon = 0;
  #answerTimer = 0;
  #pulls = new Map();
  #whole = new Set();
  /** How many products of a channel have no price. */
  #without = new Map();
  #parting = new Parting((refusal) => this.#trust.isSigned(refusal));

  /** @param {{api, doorUrl, onWorld: (world) => void, onFault, playing: () => object, page?: string}} options */
  constructor({ api, doorUrl, ...hooks }) {
    this.#api = api;
    this.#doorUrl = doorUrl;
    this.#hooks = hooks;
  }

  async start() {
    await this.#alone();
    this.#store = await Store.open();
    const kept = await this.#kept();
    navigator.storage?.persist?.().catch(() => {});
    await this.#begin(kept ?? (await this.#pair()), kept);
  }

  now() {
    return this.#trust?.now() ?? { ms: wallGuess(), uncertaintyMs: null };
  }

  assetUrl(sha) {
    return this.#assets?.url(sha) ?? null;
  }

  played(play, slot) {
    this.#spool?.saw(play, slot).catch(this.#hooks.onFault);
  }

  /** Keep what was played so far. */
  save() {
    this.#spool?.save().catch(this.#hooks.onFault);
  }

  /** The machine slept, or its clock was set: no time is trusted until the next answer. */
  async slept() {
    if (!this.#trust) return;
    carry(null);
    await this.#trust.forgetTime();
    this.#report();
  }

  /**
   * One page of a browser is its screen: two would speak with one key at once. Others wait until it closes.
   * Over plain HTTP there are no locks to know by.
   */
  async #alone() {
    if (!navigator.locks) return;
    this.#held ??= new Promise((resolve) => {
      navigator.locks.request(LOCK, () => {
        resolve();
        return new Promise(() => {});
      });
    });
    const late = setTimeout(() => this.#emit(ELSEWHERE), ELSEWHERE_MS);
    await this.#held;
    clearTimeout(late);
    this.#emit();
  }

  /** What was believed before; what cannot be read any more is forgotten, and the screen pairs anew. */
  async #kept() {
    try {
      return await keptState(this.#store);
    } catch (error) {
      this.#hooks.onFault(error);
      await this.#store.clear();
      return null;
    }
  }

  async #pair() {
    const onPairing = (pairing) => {
      this.#pairing = pairing;
      this.#emit();
    };
    const { screen, root, keys } = await pair(this.#api, this.#store, onPairing, this.#hooks.onFault);
    const state = newState(screen, root);
    await this.#store.write({ values: { ...changesOf(state, null), pairing: undefined } }, { strict: true });
    this.#pairing = null;
    this.#firstKeys = keys;
    return state;
  }

  async #begin(state, kept) {
    const { onFault } = this.#hooks;
    const { privateKey } = await deviceKey(this.#store);
    this.#session = new Session(this.#api, state.screen, privateKey, (refusal) => this.#refused(refusal).catch(onFault));
    this.#assets = new Assets((sha) => this.#session.file(`/assets/${sha}`), onFault);
    this.#trust = new Trust(state, kept, this.#store, {
      onEffect: (effect) => this.#act(effect),
      onChange: () => this.#emit(),
      onFault,
      fetchKeys: () => this.#session.text("/keys"),
    });
    const planHooks = { now: () => this.now(), onPlan: () => this.#planned(), onHeld: () => this.#emitSoon(), onFault };
    this.#planner = new Planner(this.#store, this.#session, this.#assets, planHooks);
    await this.#restore();
    if (this.#firstKeys) await this.#trust.take("keys", this.#firstKeys);
    this.#emit();
    const head = this.#trust.state.head?.payload;
    if (head) this.#planner.want(head);
    this.#connect(state.screen);
  }

  async #restore() {
    const { onFault } = this.#hooks;
    const carried = await askCarried();
    if (carried) await this.#trust.carryTime(carried);
    this.#spool = await Spool.open(this.#store);
    await this.#assets.open().catch(onFault);
    // Damaged or half-cleared storage: what lacks is fetched again.
    await this.#planner.restore().catch(onFault);
  }

  #emit(notice = null) {
    const plan = this.#planner?.plan ?? null;
    this.#hooks.onWorld({
      plan,
      offers: this.#trust?.offers ?? new Map(),
      freshness: this.#trust?.freshness(plan?.manifest.store) ?? { channels: new Map(), sources: new Map(), texts: new Map() },
      held: this.#assets?.held ?? new Set(),
      overrides: [],
      pairing: this.#pairing,
      notice,
    });
  }

  /** Files come in quick succession; what they change is shown a moment later. */
  #emitSoon() {
    this.#soon ||= setTimeout(() => {
      this.#soon = 0;
      this.#emit();
    }, FILES_TOGETHER_MS);
  }

  #planned() {
    this.#emit();
    const { channels } = this.#planner.plan.manifest;
    if (channels.join() !== this.#trust.state.wanted.join()) this.#trust.follow(channels);
  }

  // --- the server ---------------------------------------------------------------------------------

  #connect(screen) {
    this.#door = new Door(this.#doorUrl, {
      prove: async (nonce) => ({
        v: 1, screen, sig: await this.#session.prove(nonce), nonce: this.#trust.askTime(), caps: CAPS, formats: [1],
      }),
      onWelcome: async ({ token, time, report_ms: reportMs }) => {
        this.#session.token = token;
        this.#parting.welcomed();
        this.#reportMs = reportMs;
        await this.#trust.take("time", time);
        this.#timeTaken();
        this.#planner.again();
        this.#report();
      },
      onMessage: (kind, token) => {
        if (kind === "time") clearTimeout(this.#answerTimer);
        this.#trust.take(kind, token).then(() => kind === "time" && this.#timeTaken());
      },
      onPull: (pull) => this.#act({ effect: "pull", channel: null, ...pull }),
      onRefused: ({ code, message }) => {
        this.#hooks.onFault(new Error(`The door refuses this screen (${code}): ${message}`));
        if (!PARTED.has(code)) return;
        // A hint; only the server's own word, asked over HTTP, can part us.
        this.#session.token = "";
        this.#pull({ what: "head", channel: null });
      },
      onFault: this.#hooks.onFault,
    });
    this.#timer = setTimeout(() => this.#report(), FIRST_SOCKET_MS);
  }

  /** Once it is certain that this is no screen any more: forget it all, and pair anew. */
  async #refused(refusal) {
    if (!(await this.#parting.refused(refusal))) return;
    this.#door.close();
    await this.#store.clear();
    this.#store.close();
    location.reload();
  }

  /** Tell what is held; the answer is what lacks. */
  #report() {
    clearTimeout(this.#timer);
    const spread = (Math.random() * 2 - 1) * REPORT_SPREAD_MS;
    this.#timer = setTimeout(() => this.#report(), Math.max(REPORT_MS / 9, this.#reportMs + spread));
    this.#trust.tick();
    for (const channel of this.#trust.state.wanted) if (this.#trust.isBehind(channel)) this.#pull({ what: "offers", channel });
    if (this.#door.welcome) {
      this.#door.report(this.#body());
      clearTimeout(this.#answerTimer);
      this.#answerTimer = setTimeout(() => this.#reportByHttp(), ANSWER_LIMIT_MS);
      this.#sendRuns();
    } else this.#reportByHttp().then(() => this.#sendRuns());
  }

  /** The same over HTTP; whether the server answered. */
  async #reportByHttp() {
    try {
      const { time, head, offers, freshness } = await this.#session.json("/reports", { method: "POST", body: this.#body() });
      const at = monotonic();
      if (time) await this.#trust.take("time", time, at);
      if (freshness) await this.#trust.take("freshness", freshness);
      if (head) await this.#trust.take("head", head);
      for (const token of offers) await this.#trust.take("offers", token);
      this.#timeTaken();
      this.#parting.welcomed();
      return true;
    } catch (error) {
      this.#hooks.onFault(error);
      return false;
    }
  }

  #body() {
    const { head, channels, freshness, wanted } = this.#trust.state;
    // The marks, even of what is not complete: a server that fell behind must go above them.
    const marked = wanted.filter((name) => Object.hasOwn(channels, name));
    return {
      revision: head?.payload.revision ?? 0,
      channels: Object.fromEntries(marked.map((name) => [name, channels[name].version])),
      freshness: Math.max(0, ...Object.values(freshness).map(({ payload }) => payload.issued_at)),
      missing: this.#planner.missing,
      clock: { uncertainty: this.now().uncertaintyMs },
      playing: this.#hooks.playing(),
      page: this.#hooks.page ?? "",
      nonce: this.#trust.askTime(),
    };
  }

  /** A price that was withdrawn is confirmed by a report of its own. */
  #confirm(channel) {
    const offers = this.#trust.state.channels[channel]?.offers ?? [];
    const without = offers.filter(({ st }) => !st.length).length;
    if (without > (this.#without.get(channel) ?? Infinity)) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#report(), CONFIRM_MS * (0.1 + 0.9 * Math.random()));
    }
    this.#without.set(channel, without);
  }

  #act(effect) {
    if (effect.effect === "changed" && effect.what === "offers") this.#confirm(effect.subject);
    if (effect.effect === "fetch" || (effect.effect === "changed" && effect.what === "head")) {
      this.#planner.want(this.#trust.state.head.payload);
    } else if (effect.effect === "pull") this.#pull(effect);
  }

  /** One at a time of a kind; what is asked for meanwhile is asked for after it, what fails later. */
  async #pull(pull) {
    const name = `${pull.what} ${pull.channel}`;
    const job = this.#pulls.get(name) ?? { busy: false, again: false, timer: 0, waitMs: PULL_AGAIN_MS };
    this.#pulls.set(name, job);
    job.again = true;
    if (job.busy) return;
    clearTimeout(job.timer);
    job.busy = true;
    let met = false;
    while (job.again) {
      job.again = false;
      met = await this.#pulled(pull);
    }
    job.busy = false;
    if (met) this.#pulls.delete(name);
    else {
      job.timer = setTimeout(() => this.#pull(pull), job.waitMs * (0.5 + Math.random()));
      job.waitMs = Math.min(2 * job.waitMs, REPORT_MS);
    }
  }

  async #pulled({ what, channel }) {
    try {
      if (what === "offers") return await this.#pullOffers(channel);
      if (what !== "keys") return await this.#reportByHttp();
      await this.#trust.take("keys", await this.#session.text("/keys"));
      return true;
    } catch (error) {
      this.#hooks.onFault(error);
      return false;
    }
  }

  /** Whether the channel came on, or is where the server's freshness says it is. */
  async #pullOffers(channel) {
    if (!this.#trust.state.wanted.includes(channel)) return true;
    const before = this.#trust.versionOf(channel);
    const from = this.#whole.has(channel) ? 0 : before;
    const { messages } = await this.#session.json(`/offers/${encodeURIComponent(channel)}?from=${from}`);
    for (const token of messages) await this.#trust.take("offers", token);
    const behind = this.#trust.isBehind(channel);
    const moved = this.#trust.versionOf(channel) !== before;
    if (behind && moved) this.#pull({ what: "offers", channel });
    // These did not fit onto what is held: the next time the whole is asked for.
    if (behind && !moved) this.#whole.add(channel);
    else this.#whole.delete(channel);
    return !behind || moved;
  }

  #timeTaken() {
    carry(this.now());
  }

  async #sendRuns() {
    try {
      await this.#spool.send(async (runs) => (await this.#session.json("/plays", { method: "POST", body: { runs } })).acked);
    } catch (error) {
      this.#hooks.onFault(error);
    }
  }
}
