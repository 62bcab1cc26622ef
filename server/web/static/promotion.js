/** One promotion: every shape of screen shows it as it is typed; what is left is kept. */

import { shape } from "./glass.js";
import { Still } from "./still.js";

const WAIT_MS = 220;
const form = document.getElementById("making");
const spoken = JSON.parse(form.dataset.spoken);
const told = document.getElementById("told");
const skipped = document.getElementById("skipped");
const glasses = [...document.querySelectorAll(".hung .glass")];
const stills = new Map(glasses.map((glass) => [glass, new Still(glass, "")]));
let drawn = {};
let view = "now";
let turn = 0;
let timer = 0;

for (const glass of glasses) {
  shape(glass);
  const ratio = Number(glass.dataset.width) / Number(glass.dataset.height);
  glass.closest("figure").classList.add(ratio < 0.95 ? "tall" : ratio < 1.2 ? "even" : "wide");
}

/** Only what the template takes is asked for; the stand-in's words only where they play. */
function fit() {
  const { value } = form.elements.template;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(value);
  for (const part of form.querySelectorAll("[data-code]")) part.hidden = part.dataset.code !== form.elements.code.value;
  const gone = form.elements.gone.value;
  for (const part of form.querySelectorAll("[data-gone]")) part.hidden = !part.dataset.gone.split(" ").includes(gone);
  for (const field of form.querySelectorAll("[data-elsewhere]")) field.placeholder = field.dataset[gone] ?? field.placeholder;
}

function complain(wrong) {
  for (const line of form.querySelectorAll("[data-wrong]")) {
    const mine = wrong?.field === line.dataset.wrong;
    line.hidden = !mine;
    if (mine && line.textContent !== wrong.said) line.textContent = wrong.said;
    const field = form.elements[line.dataset.wrong];
    if (!(field instanceof HTMLElement)) continue;
    field.toggleAttribute("aria-invalid", mine);
    if (mine) field.setAttribute("aria-describedby", line.id);
    else field.removeAttribute("aria-describedby");
  }
  const placed = wrong && [...form.querySelectorAll("[data-wrong]")].some(({ dataset }) => dataset.wrong === wrong.field);
  if (wrong && !placed) told.textContent = wrong.said;
}

function paint() {
  const skip = view === "gone" && form.elements.gone.value === "skip";
  skipped.hidden = !skip;
  for (const [glass, still] of stills) {
    glass.closest("figure").classList.toggle("none", skip);
    // Each drawing is of its own: what was painted a moment ago is replaced, not brought on.
    if (drawn[view]) still.show(drawn[view]);
  }
}

async function look(keep) {
  const mine = ++turn;
  const body = new FormData(form);
  body.delete("do");
  if (keep) body.set("keep", "1");
  try {
    const answer = await fetch(`${form.action}/look`, { method: "POST", body });
    if (keep && (answer.status === 401 || answer.status === 403)) {
      told.textContent = spoken.out;
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    if (mine !== turn) return;
    complain(found.wrong);
    if (found.mark) form.elements.mark.value = found.mark;
    if (found.kept) told.textContent = spoken.kept;
    if (found.stills) {
      drawn = found.stills;
      paint();
    }
  } catch {
    if (keep) told.textContent = spoken.failed;
  }
}

form.addEventListener("input", () => {
  fit();
  clearTimeout(timer);
  timer = setTimeout(look, WAIT_MS, false);
});
form.addEventListener("change", ({ target }) => {
  if (["at", "in", "into"].includes(target.name)) return;
  clearTimeout(timer);
  look(true);
});
form.addEventListener("click", ({ target }) => {
  const chosen = target.closest("[data-view]");
  if (!chosen) return;
  view = chosen.dataset.view;
  for (const tab of form.querySelectorAll("[data-view]")) tab.setAttribute("aria-pressed", String(tab === chosen));
  paint();
});
document.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && target.remove(), true);
fit();
look(false);
