/**
 * What the player's agent tells the page beside what it plays, as people asked of this screen:
 *
 *   {"plate": null | {"name", "screen", "revision", "colour"}, "reload": id, "rotate": degrees, "volume": percent | null,
 *    "dark": boolean, "scan": null | {"token", "address", "qr": data URI | null}}
 *
 * The plate says who this screen is; `reload` asks for the page anew each time it is another id; `rotate` is there only
 * where no compositor turns the picture; `dark` while the display is to be off, in case it cannot be switched. `scan` is
 * for who stands before the screen while its server is away: how to act on it, over all that plays.
 */

import { el } from "./dom.js";
import { setLoudness } from "./film.js";
import { pairingView } from "./pairing.js";
import { Stage } from "./stage.js";

const TURNS = new Set([90, 180, 270]);

/** The day a revision was made: it is never below its instant. */
function made(revision) {
  const at = new Date(Number(revision));
  return Number.isFinite(at.getTime()) && Number(revision) > 0 ? at.toISOString().slice(0, 16).replace("T", " ") : "–";
}

export class Told {
  #root;
  #plate = null;
  #scan = null;
  #scanned = "null";
  #shown = "null";
  #reload = null;
  #anew;

  /** @param {{root: HTMLElement, anew?: () => void}} options `root` is the document's own element */
  constructor({ root = document.documentElement, anew = () => location.reload() } = {}) {
    this.#root = root;
    this.#anew = anew;
  }

  take({ plate = null, reload = "", rotate = 0, volume = null, dark = false, scan = null }) {
    // The first word is of before this page: only another one asks for it anew.
    if (this.#reload !== null && reload && reload !== this.#reload) this.#anew();
    this.#reload = reload;
    this.#root.toggleAttribute("data-dark", dark);
    if (TURNS.has(rotate)) this.#root.dataset.turn = String(rotate);
    else delete this.#root.dataset.turn;
    setLoudness(volume);
    this.#show(plate);
    this.#offer(scan);
  }

  #offer(scan) {
    const text = JSON.stringify(scan);
    if (text === this.#scanned) return;
    this.#scanned = text;
    this.#scan?.stage.destroy();
    this.#scan?.host.remove();
    this.#scan = null;
    if (!scan) return;
    const host = el("div", "scan");
    document.querySelector("#screen").append(host);
    const { token: code, address, qr } = scan;
    const view = pairingView({ code, url: "", fingerprint: "", server: `http://${address}`, qr });
    const stage = new Stage(host);
    this.#scan = { host, stage };
    stage.show({ ...view, params: { ...view.params, of: "hands" } }).catch(() => this.#offer(null));
  }

  #show(plate) {
    const text = JSON.stringify(plate);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#plate?.remove();
    this.#plate = null;
    if (!plate) return;
    this.#plate = el(
      "div", "who", el("b", "", plate.name || plate.screen), el("p", "", plate.screen), el("p", "", `Plan ${made(plate.revision)} UTC`),
    );
    this.#plate.setAttribute("role", "status");
    this.#plate.style.setProperty("--plate", plate.colour);
    document.body.append(this.#plate);
  }
}
