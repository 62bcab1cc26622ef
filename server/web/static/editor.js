/** The playlist's editor: puts sheet, sequence, menus and the turn beside them together. */

import { Files } from "./files.js";
import { Menus } from "./menu.js";
import { Panel } from "./panel.js";
import { itemOf, Sequence } from "./sequence.js";
import { Sheet } from "./sheet.js";
import { drawIn } from "./thumbs.js";

const main = document.getElementById("main");
const sheet = new Sheet(main);
const panel = new Panel(sheet);
const menus = new Menus(sheet);
new Sequence(sheet);
const files = new Files(sheet);

main.addEventListener("click", async (event) => {
  const { target } = event;
  const button = target.closest("button");
  const item = itemOf(target);
  if (button?.matches("[data-phrase]")) {
    panel.open(item);
    menus.open(button, `/items/${encodeURIComponent(item)}/phrase/${button.dataset.phrase}`);
  } else if (button?.matches("[data-add]")) menus.open(button, "/add");
  else if (button?.matches("[data-stores]")) menus.open(button, "/stores");
  else if (button?.matches("[data-goods]")) menus.open(button, `/items/${encodeURIComponent(button.dataset.goods)}/goods`);
  else if (button?.matches("[data-rename]")) menus.open(button, "/rename");
  else if (button?.matches("[data-open]")) {
    // Opened with a key, the hand goes into it; Escape brings it back.
    await panel.open(item, event.detail === 0);
    panel.aside.classList.add("up");
  }
});

main.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-act]")) return;
  event.preventDefault();
  const { id } = form;
  const path = new URL(form.action).pathname.slice(sheet.root.length);
  const refusal = await sheet.post(path, new URLSearchParams(new FormData(form)));
  if (refusal) sheet.refuse(refusal.message);
  (document.getElementById(id) ?? document.querySelector(".lede form[data-act]"))?.querySelector("button").focus();
});

/** In a field the browser's own undo stays. */
document.addEventListener("keydown", async (event) => {
  const key = event.key.toLowerCase();
  const typing = event.target.matches("input:not([type=checkbox], [type=radio], [type=range]), textarea, select");
  if (!(event.ctrlKey || event.metaKey) || event.altKey || typing || !["z", "y"].includes(key)) return;
  event.preventDefault();
  const refusal = await sheet.post(key === "y" || event.shiftKey ? "/redo" : "/undo", new URLSearchParams());
  if (refusal) sheet.refuse(refusal.message);
});

sheet.onRenewed(({ added }) => {
  if (!added || files.adding) return;
  panel.open(added, true);
  document.getElementById(`turn-${added}`)?.scrollIntoView({ block: "nearest" });
});

drawIn(document);
const first = document.querySelector("#turns > [data-item]");
if (first) panel.open(first.dataset.item);
