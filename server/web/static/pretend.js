/** What a screen would show: paints the turns of a pretence, plays and skips through them, asks again at each change. */

import { shape } from "./glass.js";
import { Still } from "./still.js";

const LATER_MS = 120;

class Pretending {
  #turns;
  #at = 0;
  #timer = 0;
  #asking = 0;

  constructor(root) {
    this.root = root;
    this.form = root.querySelector("[data-controls]");
    this.frame = root.querySelector("[data-frame]");
    this.glass = root.querySelector("[data-big]");
    this.list = root.querySelector("[data-then]");
    this.play = root.querySelector("[data-play]");
    this.said = root.querySelector("[data-said]");
    this.label = this.play.textContent;
    shape(this.glass);
    this.big = new Still(this.glass, "");
    this.#take(JSON.parse(root.dataset.look));
    this.#listen();
  }

  #listen() {
    for (const button of this.root.querySelectorAll("[data-step], [data-play], [data-now]")) button.hidden = false;
    this.play.addEventListener("click", () => (this.#timer ? this.#pause() : this.#run()));
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
      this.#ask();
    });
    this.form.addEventListener("input", () => this.#soon());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
  }

  #soon() {
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => this.#ask(), LATER_MS);
  }

  async #ask() {
    const query = new URLSearchParams(new FormData(this.form));
    const wrong = this.form.querySelector("[data-wrong]");
    const asked = (this.asked = {});
    try {
      const answer = await fetch(`${this.root.dataset.from}?${query}`);
      const found = await answer.json();
      if (asked !== this.asked) return;
      wrong.textContent = answer.ok ? "" : found.message;
      if (!answer.ok) return;
      history.replaceState(null, "", `?${query}`);
      this.said.textContent = found.said;
      this.frame.classList.toggle("as-it-is", !found.pretends);
      this.#take(found.turns);
    } catch (error) {
      console.warn(String(error));
    }
  }

  #take(turns) {
    this.#turns = turns;
    const first = this.list.firstElementChild;
    const rows = turns.map(({ title }, at) => {
      const row = (this.list.children[at] ?? first).cloneNode(true);
      const button = row.querySelector("[data-go]");
      button.dataset.go = at;
      button.querySelector(".name").textContent = title || button.querySelector(".name").textContent;
      return row;
    });
    this.list.replaceChildren(...rows);
    turns.forEach(({ still }, at) => this.#small(this.list.children[at], still));
    this.#go(0);
  }

  #small(row, still) {
    const old = row.querySelector("[data-small]");
    const glass = old.cloneNode(false);
    old.replaceWith(glass);
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

  #pause() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.play.textContent = this.label;
  }
}

function clock(minutes) {
  const two = (value) => String(value).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

for (const root of document.querySelectorAll("[data-pretend]")) new Pretending(root);
