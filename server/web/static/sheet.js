/** The open playlist: sends changes one by one, takes the sheet anew from every answer, hears what others do. */

import { drawIn } from "./thumbs.js";

const LISTEN_MS = 1_500;
/** Facts move without an edit: so often is the sheet taken anew all the same. */
const WHOLE_MS = 20_000;
const SHOWN = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export class Sheet {
  #queue = Promise.resolve();
  #renewed = Date.now();
  #busy = 0;

  constructor(main) {
    this.main = main;
    this.root = `/playlists/${encodeURIComponent(main.dataset.playlist)}`;
    this.seq = Number(main.dataset.seq);
    this.renewals = [];
    this.heard = document.getElementById("heard");
    this.trouble = document.getElementById("trouble");
    setInterval(() => this.#listen(), LISTEN_MS);
  }

  get element() {
    return document.getElementById("sheet");
  }

  /** Called after each renewal with the answer. */
  onRenewed(callback) {
    this.renewals.push(callback);
  }

  /** Apply operations as one edit; resolves to null, or to the refusal. */
  edit(ops) {
    return this.post("/edit", JSON.stringify({ ops }), { "Content-Type": "application/json" });
  }

  /** One POST after the other, so that changes arrive in the order in which they were made. */
  post(path, body, headers = {}) {
    this.#busy += 1;
    this.#keep(this.main.dataset.keeping);
    const sent = this.#queue.then(() => this.#send(path, body, headers));
    this.#queue = sent.catch(() => {}).finally(() => (this.#busy -= 1));
    return sent;
  }

  /** A part of the page as markup; throws the refusal's sentence. */
  async part(path) {
    const answer = await fetch(this.root + path + this.#stores(path.includes("?")), { headers: { Accept: "text/html" } });
    const said = await answer.text();
    if (answer.ok) return said;
    throw new Error(messageOf(said));
  }

  say(sentence) {
    if (!sentence) return;
    this.heard.textContent = sentence;
    this.last = sentence;
    this.#showLast();
  }

  refuse(sentence) {
    const place = document.getElementById("refusal");
    place.textContent = sentence;
    place.hidden = !sentence;
    this.refusal = sentence;
  }

  async #send(path, body, headers) {
    const csrf = { "X-CSRF-Token": document.body.dataset.csrf, Accept: "application/json" };
    try {
      const answer = await fetch(`${this.root}${path}?seq=${this.seq}${this.#stores(true)}`, { method: "POST", body, headers: { ...csrf, ...headers } });
      const told = await answer.json();
      if (!answer.ok) {
        this.#keep(this.main.dataset.unkept);
        return told;
      }
      this.#keep(this.main.dataset.kept.replace("{time}", new Date().toLocaleTimeString(document.documentElement.lang, SHOWN)));
      this.#take(told);
      this.refuse("");
      return null;
    } catch {
      this.#keep(this.main.dataset.unkept);
      return { message: this.main.dataset.away, code: "away", field: "" };
    }
  }

  async #listen() {
    if (document.hidden || this.#busy > 0) return;
    const old = Date.now() - this.#renewed > WHOLE_MS;
    const known = old ? "" : this.element.dataset.mark;
    const query = `/sheet?seq=${this.seq}&mark=${encodeURIComponent(known)}`;
    try {
      const answer = await fetch(this.root + query + this.#stores(true), { headers: { Accept: "application/json" } });
      const told = await answer.json();
      this.#warn(answer.ok ? "" : told.message);
      if (answer.ok && told.html && this.#busy === 0) this.#take(told);
    } catch {
      this.#warn(this.main.dataset.away);
    }
  }

  #warn(sentence) {
    if (this.trouble.textContent !== sentence) this.trouble.textContent = sentence;
    this.trouble.hidden = !sentence;
  }

  #take(told) {
    this.#renewed = Date.now();
    this.seq = told.seq;
    const held = this.element.contains(document.activeElement);
    const at = placeOf(document.activeElement);
    Idiomorph.morph(this.element, told.html, { morphStyle: "outerHTML" });
    if (held) regain(at);
    this.#showLast();
    this.refuse(this.refusal ?? "");
    this.say(told.said);
    drawIn(this.element);
    for (const callback of this.renewals) callback(told);
  }

  #showLast() {
    document.getElementById("last").textContent = this.last ?? "";
    this.#keep(this.kept ?? "");
  }

  /** Whether the last change has arrived. */
  #keep(sentence) {
    this.kept = sentence;
    document.getElementById("kept").textContent = sentence;
  }

  #stores(more) {
    const stores = new URLSearchParams(location.search).getAll("store");
    if (stores.length === 0) return "";
    return (more ? "&" : "?") + stores.map((store) => `store=${encodeURIComponent(store)}`).join("&");
  }
}

export const placeOf = (element) => [...document.querySelectorAll("#turns > [data-item]")].indexOf(element.closest("[data-item]"));

/** Where what the hand was on is gone, it goes to the turn that stands at this place now, or to what adds one. */
export function regain(at) {
  if (document.activeElement !== document.body) return;
  const titles = [...document.querySelectorAll("#turns > [data-item] h3 [data-open]")];
  (titles[Math.min(at, titles.length - 1)] ?? document.querySelector("[data-add]"))?.focus();
}

function messageOf(text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return text.slice(0, 200);
  }
}
