/** A pretence: paints its turns, plays and skips through them, asks again at each change of its controls. */

import { shape } from "./glass.js";
import { Still } from "./still.js";

const LATER_MS = 120;

export class Pretence {
  #turns = [];
  #at = 0;
  #timer = 0;
  #asking = 0;
  #asked = null;

  /** `from` gives the address that is asked; `told` hears each answer. */
  constructor(root, { from, told = () => {} }) {
    this.root = root;
    this.from = from;
    this.told = told;
    this.form = root.querySelector("[data-controls]");
    this.frame = root.querySelector("[data-frame]");
    this.glass = root.querySelector("[data-big]");
    this.list = root.querySelector("[data-then]");
    this.play = root.querySelector("[data-play]");
    this.said = root.querySelector("[data-said]");
    this.label = this.play.textContent;
    this.row = this.list.firstElementChild?.cloneNode(true);
    shape(this.glass);
    this.big = new Still(this.glass, "");
    this.#listen();
  }

  /** Show these turns, from the first one that is of `item`, where one is. Says whether one was. */
  take(turns, item = "") {
    this.#turns = turns;
    const most = Number(this.list.dataset.most ?? turns.length);
    const rows = turns.slice(0, most).map(({ title }, at) => {
      const row = this.row.cloneNode(true);
      row.querySelector("[data-go]").dataset.go = at;
      const name = row.querySelector(".name");
      name.textContent = title || name.textContent;
      return row;
    });
    this.list.replaceChildren(...rows);
    for (const [at, row] of rows.entries()) this.#small(row, turns[at].still);
    return this.seek(item);
  }

  /** Go to the first turn of an item; without one to the beginning. */
  seek(item) {
    const at = this.#turns.findIndex((turn) => item && turn.item === item);
    this.#go(Math.max(0, at));
    return at >= 0;
  }

  async ask() {
    clearTimeout(this.#asking);
    const query = new URLSearchParams(new FormData(this.form));
    const wrong = this.form.querySelector("[data-wrong]");
    const asked = (this.#asked = {});
    try {
      const answer = await fetch(`${this.from()}?${query}`);
      const found = await answer.json();
      if (asked !== this.#asked) return;
      wrong.textContent = answer.ok ? "" : found.message;
      if (!answer.ok) return;
      this.#clock(found);
      this.said.textContent = found.said;
      this.frame.classList.toggle("as-it-is", !found.pretends);
      this.told(found, query);
    } catch (error) {
      console.warn(String(error));
    }
  }

  /** Each store has its own day and hour. */
  #clock({ today, minute }) {
    const { on, minute: time } = this.form.elements;
    time.dataset.today = today;
    time.list.options[0].value = minute;
    if (on.value) return;
    time.value = minute;
    this.form.querySelector("output").value = clock(minute);
  }

  pause() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.play.textContent = this.label;
  }

  #listen() {
    for (const button of this.root.querySelectorAll("[data-step], [data-play], [data-now]")) button.hidden = false;
    this.play.addEventListener("click", () => (this.#timer ? this.pause() : this.#run()));
    for (const button of this.root.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.#go(this.#at + Number(button.dataset.step)));
    }
    this.list.addEventListener("click", ({ target }) => {
      const chosen = target.closest("[data-go]");
      if (chosen) this.#go(Number(chosen.dataset.go));
    });
    const time = this.form.elements.minute;
    time.addEventListener("input", () => {
      this.form.elements.on.value ||= time.dataset.today;
      this.form.querySelector("output").value = clock(Number(time.value));
    });
    this.root.querySelector("[data-now]").addEventListener("click", () => {
      this.form.elements.on.value = "";
      this.ask();
    });
    this.form.addEventListener("input", () => {
      clearTimeout(this.#asking);
      this.#asking = setTimeout(() => this.ask(), LATER_MS);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
  }

  #small(row, still) {
    const glass = row.querySelector("[data-small]");
    shape(glass);
    new Still(glass, "").show(still).catch((error) => console.warn(String(error)));
  }

  #go(at) {
    const turns = this.#turns;
    if (turns.length === 0) return;
    this.#at = (at + turns.length) % turns.length;
    const { still, title, since, until } = turns[this.#at];
    this.big.show(still).catch((error) => console.warn(String(error)));
    this.glass.ariaLabel = title;
    this.root.querySelector("[data-turn]").textContent = `${this.#at + 1} / ${turns.length} · ${title} · ${Math.round((until - since) / 1000)} s`;
    for (const button of this.list.querySelectorAll("[data-go]")) {
      button.toggleAttribute("aria-current", Number(button.dataset.go) === this.#at);
    }
    if (this.#timer) this.#run();
  }

  #run() {
    clearTimeout(this.#timer);
    const { still, until } = this.#turns[this.#at];
    this.#timer = setTimeout(() => this.#go(this.#at + 1), Math.max(1000, until - still.at));
    this.play.textContent = this.play.dataset.pause;
  }
}

function clock(minutes) {
  const two = (value) => String(value).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
