/** The order of turns: dragged by mouse and touch, moved by buttons and arrow keys, changed several at once. */

import Sortable from "./vendor/sortable.core.esm.js";

const SECOND_MS = 1_000;

export class Sequence {
  #sortable = null;
  #several = false;
  #picked = new Set();

  constructor(sheet) {
    this.sheet = sheet;
    sheet.onRenewed(() => this.#renewed());
    sheet.main.addEventListener("click", (event) => this.#click(event));
    sheet.main.addEventListener("change", (event) => this.#change(event));
    sheet.main.addEventListener("keydown", (event) => this.#key(event));
    sheet.main.addEventListener("submit", (event) => event.target.id === "bulk" && event.preventDefault());
    this.#renewed();
  }

  get order() {
    return [...document.querySelectorAll("#turns > [data-item]")].map((row) => row.dataset.item);
  }

  /** Move one turn by `step` places, and keep the hand where it was. */
  async move(item, step, selector) {
    const order = this.order;
    const at = order.indexOf(item);
    const to = at + step;
    if (at < 0 || to < 0 || to >= order.length) return;
    const rest = order.filter((one) => one !== item);
    await this.#put(item, rest[to - 1] ?? null);
    const row = document.getElementById(`turn-${item}`);
    const wanted = row?.querySelector(selector);
    (wanted?.disabled ? row.querySelector("[data-grip]") : wanted)?.focus();
    this.sheet.say(this.#placed(item));
  }

  async #put(item, after) {
    const refusal = await this.sheet.edit([{ op: "move", path: "items", id: item, after }]);
    if (refusal) this.sheet.refuse(refusal.message);
  }

  /** Something was dragged in from what may be added. */
  async #take(row) {
    const after = row.previousElementSibling?.dataset.item ?? "";
    const form = document.querySelector("#menu form[data-new]");
    const body = new URLSearchParams({ kind: form.dataset.new, after, chosen: row.querySelector("input").value });
    row.remove();
    const refusal = await this.sheet.post("/add", body);
    if (refusal) this.sheet.refuse(refusal.message);
  }

  #placed(item) {
    const row = document.getElementById(`turn-${item}`);
    const title = row?.querySelector("h3 bdi").textContent ?? "";
    const at = this.order.indexOf(item) + 1;
    return this.sheet.main.dataset.placed.replace("{title}", title).replace("{n}", at).replace("{all}", this.order.length);
  }

  #renewed() {
    const list = document.getElementById("turns");
    if (this.#sortable?.el !== list) {
      this.#sortable?.destroy();
      this.#sortable = list && new Sortable(list, {
        group: { name: "turns", pull: false, put: ["shelf"] },
        draggable: "[data-item]",
        emptyInsertThreshold: 60,
        handle: "[data-grip]",
        animation: 120,
        forceFallback: true,
        fallbackTolerance: 4,
        ghostClass: "lifted",
        onAdd: ({ item }) => this.#take(item),
        onEnd: ({ item, oldIndex, newIndex }) => {
          if (oldIndex === newIndex) return;
          const before = item.previousElementSibling?.dataset.item ?? null;
          this.#put(item.dataset.item, before).then(() => {
            document.querySelector(`#turn-${item.dataset.item} [data-grip]`)?.focus({ preventScroll: true });
            this.sheet.say(this.#placed(item.dataset.item));
          });
        },
      });
    }
    const there = new Set(this.order);
    for (const one of this.#picked) if (!there.has(one)) this.#picked.delete(one);
    this.#showSeveral();
  }

  #showSeveral() {
    const { element } = this.sheet;
    element.classList.toggle("several", this.#several);
    element.querySelector("[data-several]")?.setAttribute("aria-pressed", String(this.#several));
    for (const box of element.querySelectorAll("[data-pick]")) box.checked = this.#picked.has(itemOf(box));
    const bulk = document.getElementById("bulk");
    bulk.hidden = !this.#several;
    const n = this.#picked.size;
    document.getElementById("bulk-n").textContent = this.sheet.main.dataset.chosen.replace("{n}", n);
    for (const button of bulk.querySelectorAll("button")) button.disabled = n === 0;
  }

  #change({ target }) {
    if (!target.matches("[data-pick]")) return;
    this.#picked[target.checked ? "add" : "delete"](itemOf(target));
    this.#showSeveral();
  }

  #click({ target }) {
    const button = target.closest("button");
    if (!button) return;
    if (button.matches("[data-up]")) this.move(itemOf(button), -1, "[data-up]");
    else if (button.matches("[data-down]")) this.move(itemOf(button), 1, "[data-down]");
    else if (button.matches("[data-several]")) {
      this.#several = !this.#several;
      if (!this.#several) this.#picked.clear();
      this.#showSeveral();
    } else if (button.dataset.bulk) this.#bulk(button.dataset.bulk);
  }

  #key(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.target.matches("[data-grip]")) return;
    event.preventDefault();
    this.move(itemOf(event.target), step, "[data-grip]");
  }

  async #bulk(what) {
    const chosen = this.order.filter((one) => this.#picked.has(one));
    const ops = { remove: () => chosen.map((id) => ({ op: "remove", path: "items", id })), last: () => this.#last(chosen) };
    const made = ops[what]?.() ?? this.#shifted(chosen, what === "up" ? -1 : 1);
    if (made.length === 0) return;
    const refusal = await this.sheet.edit(made);
    if (refusal) this.sheet.refuse(refusal.message);
    const pressed = document.querySelector(`[data-bulk="${what}"]`);
    (pressed.disabled ? document.querySelector("[data-several], [data-add]") : pressed).focus();
  }

  #last(chosen) {
    const value = Math.round(Number(document.getElementById("bulk-seconds").value) * SECOND_MS);
    return chosen.map((id) => ({ op: "set", path: `items/${id}/duration_ms`, value }));
  }

  /** Each chosen turn one place on, unless it stands at the edge or behind another chosen one that does. */
  #shifted(chosen, step) {
    const order = this.order;
    const walked = step < 0 ? chosen : [...chosen].reverse();
    const ops = [];
    for (const id of walked) {
      const at = order.indexOf(id);
      const to = at + step;
      if (to < 0 || to >= order.length || this.#picked.has(order[to])) continue;
      order.splice(at, 1);
      order.splice(to, 0, id);
      ops.push({ op: "move", path: "items", id, after: order[to - 1] ?? null });
    }
    return ops;
  }
}

export const itemOf = (element) => element.closest("[data-item]")?.dataset.item;
