/** Where a browser keeps nothing for the page (private windows of some): it cannot be a screen, and says what to do. */

import { wallGuess } from "./clock.js";

const KEEPS_NOTHING = [
  "Ce navigateur ne garde rien pour cette page : ouvrez-la hors navigation privée, ou mettez-le à jour.",
  "This browser keeps nothing for this page: open it outside a private window, or update the browser.",
];

/** What keeps a browser from being a screen by itself, as a notice; null when nothing does. */
export function lacking() {
  return window.indexedDB ? null : KEEPS_NOTHING;
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
