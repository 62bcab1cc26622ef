/** The brand as it is typed, on every template, before it goes anywhere. */

import { shape } from "./glass.js";
import { Still } from "./still.js";

const WAIT_MS = 250;
const form = document.getElementById("brand");
const lacking = document.getElementById("lacking");
const reads = document.getElementById("reads");
const stills = new Map([...form.querySelectorAll("[data-sample]")].map((glass) => [glass, new Still(glass, "")]));
let turn = 0;
let timer = 0;

for (const glass of stills.keys()) shape(glass);

function mark(state) {
  return form.querySelector(`[data-mark="${state === "ok" ? "yes" : "no"}"] .mk`).cloneNode(true);
}

function read(found) {
  reads.replaceChildren(...found.map(({ title, said, state }) => {
    const line = document.createElement("li");
    line.className = state;
    line.append(mark(state), Object.assign(document.createElement("b"), { textContent: title }), ` ${said}`);
    return line;
  }));
}

function complain(wrong) {
  for (const line of form.querySelectorAll("[data-wrong]")) {
    const mine = wrong?.field === line.dataset.wrong;
    line.hidden = !mine;
    if (mine && line.textContent !== wrong.said) line.textContent = wrong.said;
  }
}

async function look() {
  const mine = ++turn;
  const answer = await fetch(form.dataset.look, { method: "POST", body: new FormData(form) }).catch(() => null);
  if (mine !== turn || !answer?.ok) return;
  const found = await answer.json();
  complain(found.wrong);
  if (found.readings) read(found.readings);
  if (found.stills) draw(found.stills);
}

/** What the chain has nothing for yet, a price without a product, is not hung empty. */
function draw(drawn) {
  for (const [glass, still] of stills) {
    const one = drawn[glass.dataset.sample];
    glass.closest("figure").hidden = !one;
    if (one) still.show(one);
  }
  lacking.hidden = [...stills.keys()].every(({ dataset }) => drawn[dataset.sample]);
}

form.addEventListener("input", ({ target }) => {
  if (target.dataset.hue) form.elements[target.dataset.hue].value = target.value;
  else if (target.name?.startsWith("colour.") && /^#[0-9a-f]{6}$/i.test(target.value)) {
    form.querySelector(`[data-hue="${target.name}"]`).value = target.value;
  }
  clearTimeout(timer);
  timer = setTimeout(look, WAIT_MS);
});
look();
