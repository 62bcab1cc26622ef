/** The playlist beside its sequence in a pretended situation: the same turns as on a screen of the chosen store. */

import { Pretence } from "./pretence.js";

export class Rehearsal {
  #pretence = null;
  #screen = "";
  #item = "";

  /** `box` holds the picture, the stores and the controls; `main` the page's words. */
  constructor(box, main) {
    this.box = box;
    this.main = main;
    this.opener = document.getElementById("pretend");
    this.absent = box.querySelector("[data-absent]");
    if (!this.opener) return;
    this.#pretence = new Pretence(box, {
      from: () => `/screens/${encodeURIComponent(this.#screen)}/pretended`,
      told: ({ turns }) => this.#mark(this.#pretence.take(turns, this.#item)),
    });
    this.opener.addEventListener("click", () => this.#turn(true));
    box.querySelector("[data-stop]").addEventListener("click", (event) => {
      event.preventDefault();
      this.#turn(false);
    });
  }

  get on() {
    return this.box.classList.contains("pretends");
  }

  /** What is looked at now: a turn, and a screen of a store (empty: it has none). */
  look(item, screen) {
    if (!this.#pretence) return;
    const elsewhere = screen !== this.#screen;
    const other = item !== this.#item;
    [this.#item, this.#screen] = [item, screen];
    this.opener.hidden = this.on || !screen;
    if (this.on && !screen) this.#turn(false);
    else if (this.on && elsewhere) this.#pretence.ask();
    else if (this.on && other) this.#mark(this.#pretence.seek(item));
  }

  /** The draft says something else now. */
  anew() {
    if (this.on) this.#pretence.ask();
  }

  #turn(on) {
    this.box.classList.toggle("pretends", on);
    for (const part of this.box.querySelectorAll("[data-shown]")) part.hidden = !on;
    for (const part of this.box.querySelectorAll("[data-unpretended]")) part.hidden = on;
    this.box.querySelector(".shot").hidden = on;
    if (on) {
      this.#pretence.ask();
      this.box.querySelector("[data-controls] input:checked").focus();
    } else {
      this.#pretence.pause();
      this.#pretence.form.reset();
      this.opener.hidden = !this.#screen;
      this.opener.focus();
    }
  }

  /** The chosen turn may not play in this situation: then the picture is of what does. */
  #mark(plays) {
    const title = document.querySelector(`#turn-${CSS.escape(this.#item)} h3 bdi`)?.textContent ?? "";
    this.absent.hidden = plays || !title;
    this.absent.textContent = plays ? "" : this.main.dataset.absent.replace("{title}", title);
  }
}
