/** Menus beside what opened them: phrases of a sentence, what may be added, which stores are shown. */

import { placeOf, regain } from "./sheet.js";
import Sortable from "./vendor/sortable.core.esm.js";

const GAP = 6;
const EDGE = 10;
const SEARCH_MS = 250;
/** A finger rests so long before it drags what it would scroll. */
const TOUCH_MS = 220;

export class Menus {
  #opener = null;
  /** The place of the turn that it opened from. */
  #at = -1;
  #path = "";
  #timer = 0;

  constructor(sheet) {
    this.sheet = sheet;
    this.box = document.getElementById("menu");
    this.box.addEventListener("click", (event) => this.#click(event));
    this.box.addEventListener("submit", (event) => this.#submit(event));
    this.box.addEventListener("input", (event) => this.#input(event));
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("change", () => this.#most());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#opener) this.close();
    });
    document.addEventListener("pointerdown", (event) => {
      if (this.#opener && !this.box.contains(event.target) && !this.#opener.contains(event.target)) this.close(false);
    });
    addEventListener("resize", () => this.#opener && this.#place());
    sheet.onRenewed(() => this.#again());
  }

  /** Open what `path` leads to beside `opener`; a second time closes it. */
  async open(opener, path) {
    if (this.#opener === opener) return this.close();
    this.close(false);
    this.#opener = opener;
    this.#at = placeOf(opener);
    opener.setAttribute("aria-expanded", "true");
    await this.#show(path);
  }

  close(back = true) {
    if (!this.#opener) return;
    const opener = this.#opener;
    this.#opener = null;
    opener.setAttribute("aria-expanded", "false");
    this.box.hidden = true;
    this.box.replaceChildren();
    if (!back) return;
    if (opener.isConnected) opener.focus();
    else regain(this.#at);
  }

  async #show(path) {
    this.#path = path;
    try {
      this.box.innerHTML = await this.sheet.part(path);
    } catch (error) {
      this.box.replaceChildren(Object.assign(document.createElement("p"), { className: "wrong", textContent: error.message }));
    }
    this.box.hidden = false;
    this.#shelve();
    this.#most();
    this.box.setAttribute("aria-labelledby", "menu-title");
    this.#place();
    (this.box.querySelector("[aria-current]") ?? this.box.querySelector("button, input:not([type=hidden])"))?.focus();
  }

  /** What may be added can be dragged to its place in the sequence, too. */
  #shelve() {
    const list = this.box.querySelector("form[data-new] .picklist");
    if (!list) return;
    new Sortable(list, {
      group: { name: "shelf", pull: "clone", put: false },
      draggable: ".pickrow",
      sort: false,
      forceFallback: true,
      fallbackOnBody: true,
      fallbackTolerance: 6,
      delay: TOUCH_MS,
      delayOnTouchOnly: true,
      ghostClass: "lifted",
    });
  }

  /** Where only so many can be chosen, the others wait. */
  #most() {
    const list = this.box.querySelector(".picklist[data-most]");
    if (!list) return;
    const boxes = [...list.querySelectorAll("input")];
    const full = boxes.filter((box) => box.checked).length >= Number(list.dataset.most);
    for (const box of boxes) box.disabled = full && !box.checked;
  }

  /** Below its opener, above where there is room only there, else as low as the window allows. */
  #place() {
    const at = this.#opener.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const beside = this.#opener.matches("[data-add]") && document.getElementById("seqhead") ? document.getElementById("beside").getBoundingClientRect() : null;
    const wanted = beside?.width && beside.left > at.right ? beside.left : at.left - 12;
    const left = Math.max(EDGE, Math.min(wanted, innerWidth - width - EDGE));
    const below = at.bottom + GAP;
    const above = at.top - GAP - height;
    const lowest = Math.max(EDGE, innerHeight - EDGE - height);
    const top = below <= lowest ? below : above >= EDGE ? above : lowest;
    this.box.style.left = `${left + scrollX}px`;
    this.box.style.top = `${top + scrollY}px`;
  }

  /** The sheet was renewed: the opener may be another element now. */
  #again() {
    if (!this.#opener || this.#opener.isConnected) return;
    this.close(this.box.contains(document.activeElement));
  }

  async #click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { ops, goes, kind, new: fresh } = button.dataset;
    if (ops) return this.#done(await this.sheet.edit(JSON.parse(ops)));
    if (goes) return this.#show(this.#path.replace(/[^/]+$/, goes));
    if (kind !== undefined) return this.#show(`/add?kind=${kind}`);
    if (fresh && button.type === "button") return this.#add(new URLSearchParams({ kind: fresh }));
  }

  async #submit(event) {
    const form = event.target;
    if (!form.dataset.new && !form.dataset.say) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    if (form.dataset.new) return this.#add(body);
    this.#done(await this.sheet.post(form.dataset.say.slice(this.sheet.root.length), body));
  }

  async #add(body) {
    this.#done(await this.sheet.post("/add", body));
  }

  /** A refusal is said in the menu, where all that was typed stays. */
  #done(refusal) {
    if (!refusal) return this.close();
    const place = this.box.querySelector(".wrong");
    if (!place) return this.sheet.refuse(refusal.message);
    place.textContent = refusal.message;
    place.hidden = false;
  }

  #input(event) {
    const { searchIn } = event.target.dataset;
    if (!searchIn) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      const more = searchIn.includes("?") ? "&" : "?";
      const markup = await this.sheet.part(`${searchIn}${more}q=${encodeURIComponent(event.target.value)}`);
      const fresh = new DOMParser().parseFromString(markup, "text/html").querySelector(".picklist");
      const held = this.box.querySelector(".picklist");
      if (!fresh || !held) return;
      const chosen = [...held.querySelectorAll("input:checked")].map((input) => input.closest(".pickrow"));
      const there = new Set(chosen.map((row) => row.querySelector("input").value));
      for (const input of fresh.querySelectorAll("input")) if (there.has(input.value)) input.closest(".pickrow").remove();
      held.replaceChildren(...chosen, ...document.importNode(fresh, true).childNodes);
      this.#most();
    }, SEARCH_MS);
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.target.matches("input, select")) return;
    const buttons = [...this.box.querySelectorAll("button")];
    buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length]?.focus();
    event.preventDefault();
  }
}
