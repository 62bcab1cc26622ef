/** The turn beside the sequence: its picture in a store, and its fields, each kept as soon as it is left. */

import { Rehearsal } from "./rehearsal.js";
import { drawIn } from "./thumbs.js";

const SECOND_MS = 1_000;

export class Panel {
  #item = "";
  #store = "";
  #filled = null;
  #shown = "";

  constructor(sheet) {
    this.sheet = sheet;
    this.aside = document.getElementById("beside");
    this.box = document.getElementById("panel");
    this.rehearsal = new Rehearsal(this.aside.querySelector("[data-pretend]"), sheet.main);
    this.#store = sheet.main.dataset.first;
    this.aside.addEventListener("click", (event) => this.#click(event));
    this.box.addEventListener("change", (event) => this.#change(event.target));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.#leave());
    document.addEventListener("pointerdown", ({ target }) => this.aside.contains(target) || this.#lower());
    sheet.onRenewed((told) => this.#renewed(told));
  }

  /** Show a turn; `enter` puts the hand into its first field. */
  async open(item, enter = false) {
    this.aside.hidden = false;
    if (item !== this.#item) {
      this.#item = item;
      this.box.replaceChildren();  // What is typed next must not land in the turn before.
      this.#filled = this.#fill();
    }
    this.#mark();
    this.#paint();
    await this.#filled;
    if (enter) this.box.querySelector("input, textarea")?.focus();
  }

  close() {
    if (this.#lower()) this.#toRow();
  }

  /** Escape leads back to the turn's row, unless a menu lies over it. */
  #leave() {
    this.#lower();
    if (this.aside.contains(document.activeElement)) this.#toRow();
  }

  #toRow() {
    const row = document.getElementById(`turn-${this.#item}`) ?? document.querySelector("#turns > [data-item]");
    (row?.querySelector("h3 [data-open]") ?? document.querySelector("[data-add]"))?.focus();
  }

  /** On small screens the turn lies over the sequence until it is put away. */
  #lower() {
    const was = this.aside.classList.contains("up");
    this.aside.classList.remove("up");
    return was;
  }

  async #fill() {
    const item = this.#item;
    try {
      const markup = await this.sheet.part(`/items/${encodeURIComponent(item)}`);
      if (item !== this.#item) return;
      const held = document.activeElement.matches("[data-goods]");
      this.box.innerHTML = markup;
      if (held) this.box.querySelector("[data-goods]")?.focus();
    } catch (error) {
      this.sheet.refuse(error.message);
    }
  }

  #mark() {
    for (const row of document.querySelectorAll("#turns > [data-item]")) {
      const mine = row.dataset.item === this.#item;
      row.classList.toggle("cur", mine);
      row.querySelector("h3 [data-open]").setAttribute("aria-expanded", String(mine));
    }
    for (const button of this.aside.querySelectorAll("button[data-store]")) {
      button.setAttribute("aria-pressed", String(button.dataset.store === this.#store));
    }
    const { screen = "" } = this.aside.querySelector(`button[data-store="${CSS.escape(this.#store)}"]`)?.dataset ?? {};
    this.rehearsal.look(this.#item, screen);
  }

  #paint() {
    const glass = document.getElementById("preview");
    const small = document.getElementById(`glass-${this.#item}`);
    Object.assign(glass.dataset, { picture: this.#item, store: this.#store, rev: small?.dataset.rev ?? "" });
    drawIn(this.aside);
  }

  /** Someone's change of this turn is shown, unless something is being typed here. */
  #renewed({ touched = [], mark }) {
    if (!document.getElementById(`turn-${this.#item}`)) {
      if (this.#unkept()) return this.sheet.refuse(this.sheet.main.dataset.gone);
      const held = this.aside.contains(document.activeElement);
      const next = document.querySelector("#turns > [data-item]")?.dataset.item;
      if (next) this.open(next);
      else this.aside.hidden = true;
      if (held) this.#toRow();
      return;
    }
    this.#mark();
    this.#paint();
    if (mark !== this.#shown) this.rehearsal.anew();
    this.#shown = mark;
    const typing = this.box.contains(document.activeElement) || this.box.querySelector(".wrong:not([hidden])");
    if (touched.includes(this.#item) && !typing) this.#fill();
  }

  /** Whether something stands in a field that no draft has. */
  #unkept() {
    const fields = [...this.box.querySelectorAll("input[data-path]:not([data-kind]), textarea[data-path]")];
    return fields.some(({ value, dataset }) => value !== (JSON.parse(dataset.was) ?? ""));
  }

  async #change(field) {
    const { path, was, kind } = field.dataset;
    if (!path) return;
    const value = kind === "seconds" ? Math.round(Number(field.value) * SECOND_MS) : field.value;
    const refusal = await this.sheet.edit([{ op: "set", path, value, was: JSON.parse(was) }]);
    const place = field.closest("[data-line]").querySelector(".wrong");
    place.hidden = !refusal;
    place.textContent = refusal?.message ?? "";
    field.setAttribute("aria-invalid", String(Boolean(refusal)));
    if (!refusal) field.dataset.was = JSON.stringify(value);
    else if (refusal.code === "changed_meanwhile") await this.#theirs(field, place);
  }

  /** What the other wrote, beside what was typed here; leaving the field once more puts this one in its place. */
  async #theirs(field, place) {
    const markup = await this.sheet.part(`/items/${encodeURIComponent(this.#item)}`);
    const fresh = new DOMParser().parseFromString(markup, "text/html").getElementById(field.id);
    if (!fresh) return;
    field.dataset.was = fresh.dataset.was;
    const quote = Object.assign(document.createElement("q"), { textContent: JSON.parse(fresh.dataset.was) ?? "" });
    const mine = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: this.sheet.main.dataset.mine });
    mine.addEventListener("click", () => {
      field.focus();
      this.#change(field);
    });
    place.append(" ", quote, " ", mine);
  }

  async #click({ target }) {
    const button = target.closest("button");
    if (!button) return;
    if (button.dataset.store) {
      this.#store = button.dataset.store;
      this.#mark();
      this.#paint();
    } else if (button.matches("[data-close]")) this.close();
    else if (button.dataset.remove) {
      const refusal = await this.sheet.edit([{ op: "remove", path: "items", id: button.dataset.remove }]);
      if (refusal) this.sheet.refuse(refusal.message);
      else this.#lower();
    }
  }
}

