/** Files of one's own computer, dropped onto the sequence or chosen: sent, then added where they were dropped. */

import { dropped, Way } from "./sending.js";

export class Files {
  adding = false;
  added = "";
  #turn = Promise.resolve();

  constructor(sheet) {
    this.sheet = sheet;
    const home = () => document.getElementById("files");
    this.way = new Way(document.getElementById("way"), document.getElementById("told"), home);
    sheet.onRenewed(({ added }) => {
      if (this.adding && added) this.added = added;
    });
    sheet.main.addEventListener("change", ({ target }) => {
      if (target.id !== "files") return;
      this.#take(target.files, this.#rows().at(-1)?.dataset.item ?? "");
      target.value = "";
    });
    dropped(
      (event) => this.#mark(event),
      (event) => this.#take(event.dataTransfer.files, this.#before(event)?.dataset.item ?? ""),
    );
  }

  #rows() {
    return [...document.querySelectorAll("#turns > [data-item]")];
  }

  /** The turn behind which something lands that is dropped here; undefined at the beginning. */
  #before({ clientY, target }) {
    const rows = this.#rows();
    if (!target.closest?.(".seq")) return rows.at(-1);
    return rows.findLast((row) => {
      const { top, height } = row.getBoundingClientRect();
      return clientY > top + height / 2;
    });
  }

  #mark(event) {
    const list = document.getElementById("turns");
    const before = event && this.#before(event);
    list.classList.toggle("landing", Boolean(event) && !before);
    for (const row of this.#rows()) row.classList.toggle("landing", row === before);
  }

  /** Send them all at once, and add them one behind the other in the order in which they were taken. */
  #take(files, after) {
    let behind = after;
    const sent = this.way.take(files);
    [...files].forEach((file, at) => {
      this.#turn = this.#turn.then(async () => {
        const sha = await sent[at];
        if (sha) behind = await this.#add(file, sha, behind);
      });
    });
  }

  async #add(file, sha, after) {
    this.adding = true;
    const refusal = await this.sheet.post("/add", new URLSearchParams({ kind: "file", chosen: sha, after }));
    this.adding = false;
    if (refusal) {
      const { unfit } = this.sheet.main.dataset;
      this.sheet.refuse(unfit.replace("{file}", file.name).replace("{why}", refusal.message));
      return after;
    }
    this.#say();
    return this.added;
  }

  /** Where it stands now. The hand stays where it is: it may be writing by now. */
  #say() {
    const rows = this.#rows();
    const row = document.getElementById(`turn-${this.added}`);
    const title = row?.querySelector("h3 bdi").textContent ?? "";
    const { placed } = this.sheet.main.dataset;
    this.sheet.say(placed.replace("{title}", title).replace("{n}", rows.indexOf(row) + 1).replace("{all}", rows.length));
  }
}
