/**
 * Where a browser gives the page no keys (plain HTTP to another machine): it cannot prove who it is nor check who
 * speaks, so it is no screen. It says what to do, on the slate.
 */

import { wallGuess } from "./clock.js";

const NOTICE = [
  "Ouvrez cette page en HTTPS : sans lui, cet écran ne peut pas être associé.",
  "Open this page over HTTPS: without it, this screen cannot be paired.",
];

export class BareSource {
  #onWorld;

  constructor({ onWorld }) {
    this.#onWorld = onWorld;
  }

  start() {
    const freshness = { channels: new Map(), sources: new Map(), texts: new Map() };
    this.#onWorld({ plan: null, offers: new Map(), freshness, held: new Set(), overrides: [], pairing: null, notice: NOTICE });
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
