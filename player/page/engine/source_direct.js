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
const PULL_AGAIN_MS = 3_000;
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
  #answerTimer = 0;
  #pulling = new Set();

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

  /** One page of a browser is its screen: two would speak with one key at once. Others wait until it closes. */
  async #alone() {
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
    this.#session = new Session(this.#api, state.screen, privateKey);
    this.#assets = new Assets((sha) => this.#session.file(`/assets/${sha}`), onFault);
    this.#trust = new Trust(state, kept, this.#store, {
      onEffect: (effect) => this.#act(effect),
      onChange: () => this.#emit(),
      onFault,
      fetchKeys: () => this.#session.text("/keys"),
    });
    const planHooks = { now: () => this.now(), onPlan: () => this.#planned(), onHeld: () => this.#emit(), onFault };
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
        this.#reportMs = reportMs;
        await this.#trust.take("time", time);
        this.#timeTaken();
        this.#report();
      },
      onMessage: (kind, token) => {
        if (kind === "time") clearTimeout(this.#answerTimer);
        this.#trust.take(kind, token).then(() => kind === "time" && this.#timeTaken());
      },
      onPull: (pull) => this.#act({ effect: "pull", channel: null, ...pull }),
      onRefused: ({ code, message }) => this.#hooks.onFault(new Error(`The door refuses this screen (${code}): ${message}`)),
      onFault: this.#hooks.onFault,
    });
    this.#timer = setTimeout(() => this.#report(), FIRST_SOCKET_MS);
  }

  /** Tell what is held; the answer is what lacks. */
  #report() {
    clearTimeout(this.#timer);
    const spread = (Math.random() * 2 - 1) * REPORT_SPREAD_MS;
    this.#timer = setTimeout(() => this.#report(), Math.max(REPORT_MS / 9, this.#reportMs + spread));
    this.#trust.tick();
    const { wanted, channels } = this.#trust.state;
    for (const channel of wanted) if (!channels[channel]?.offers) this.#pull({ what: "offers", channel });
    if (this.#door.welcome) {
      this.#door.report(this.#body());
      clearTimeout(this.#answerTimer);
      this.#answerTimer = setTimeout(() => this.#reportByHttp(), ANSWER_LIMIT_MS);
      this.#sendRuns();
    } else this.#reportByHttp().then(() => this.#sendRuns());
  }

  async #reportByHttp() {
    try {
      const { time, head, offers, freshness } = await this.#session.json("/reports", { method: "POST", body: this.#body() });
      const at = monotonic();
      if (time) await this.#trust.take("time", time, at);
      if (freshness) await this.#trust.take("freshness", freshness);
      if (head) await this.#trust.take("head", head);
      for (const token of offers) await this.#trust.take("offers", token);
      this.#timeTaken();
    } catch (error) {
      this.#hooks.onFault(error);
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

  #act(effect) {
    if (effect.effect === "fetch" || (effect.effect === "changed" && effect.what === "head")) {
      this.#planner.want(this.#trust.state.head.payload);
    } else if (effect.effect === "pull") this.#pull(effect);
  }

  async #pull({ what, channel }, again = true) {
    const name = `${what} ${channel}`;
    if (this.#pulling.has(name)) return;
    this.#pulling.add(name);
    try {
      if (what === "offers") await this.#pullOffers(channel);
      else if (what === "keys") await this.#trust.take("keys", await this.#session.text("/keys"));
      else await this.#reportByHttp();
    } catch (error) {
      this.#hooks.onFault(error);
      // After that the next report tells what lacks.
      if (again) setTimeout(() => this.#pull({ what, channel }, false), PULL_AGAIN_MS);
    }
    this.#pulling.delete(name);
  }

  async #pullOffers(channel) {
    const held = this.#trust.state.channels[channel];
    const from = held?.offers ? held.version : 0;
    const { messages } = await this.#session.json(`/offers/${encodeURIComponent(channel)}?from=${from}`);
    for (const token of messages) await this.#trust.take("offers", token);
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
