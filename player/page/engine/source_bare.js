/**
 * Where a browser gives the page no keys (plain HTTP to another machine, or a browser without Ed25519): it cannot
 * prove who it is nor check who speaks, so it is no screen. It says what to do, on the slate.
 */

import { wallGuess } from "./clock.js";

const NOT_SECURE = [
  "Ouvrez cette page en HTTPS : sans lui, cet écran ne peut pas être associé.",
  "Open this page over HTTPS: without it, this screen cannot be paired.",
];
const TOO_OLD = [
  "Ce navigateur est trop ancien (il lui manque Ed25519) : mettez-le à jour.",
  "This browser is too old (it lacks Ed25519): update it.",
];

/** What keeps a browser from being a screen by itself, as a notice; null when nothing does. */
export async function lacking() {
  if (!isSecureContext || !crypto.subtle) return NOT_SECURE;
  const needed = window.indexedDB && navigator.locks && window.caches;
  const key = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]).catch(() => null);
  return needed && key ? null : TOO_OLD;
}

export class BareSource {
  #onWorld;
  #notice;

  constructor(notice, { onWorld }) {
    this.#notice = notice;
    this.#onWorld = onWorld;
  }

  start() {
    const freshness = { channels: new Map(), sources: new Map(), texts: new Map() };
    this.#onWorld({ plan: null, offers: new Map(), freshness, held: new Set(), overrides: [], pairing: null, notice: this.#notice });
  }

  now() {
    return { ms: wallGuess(), uncertaintyMs: null };
  }

  assetUrl() {
    return null;
  }

  played() {}

  save() {}

  slept() {}
}
