/** Draws what screens would show before and after, with the code that paints in the shop. */

import { shape } from "./glass.js";
import { Still } from "./still.js";

const AHEAD = "200px";
const drawn = new WeakSet();

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) draw(target);
}, { rootMargin: AHEAD });

async function draw(pair) {
  if (drawn.has(pair)) return;
  drawn.add(pair);
  const { rehearsal } = pair.closest("[data-rehearsal]").dataset;
  try {
    const answer = await fetch(`/rehearse/${rehearsal}/pictures/${pair.dataset.pictures}`);
    if (!answer.ok) return;
    const found = await answer.json();
    for (const glass of pair.querySelectorAll("[data-side]")) {
      Object.assign(glass.dataset, { width: found.width, height: found.height });
      shape(glass);
      glass.closest("figure").classList.toggle("p", found.height > found.width);
      await new Still(glass, "").show(found[glass.dataset.side]);
    }
  } catch (error) {
    console.warn(String(error));
  }
}

function watch() {
  for (const pair of document.querySelectorAll("[data-pictures]")) seen.observe(pair);
}

/** When the rehearsal is done, what the hand was on is gone: it rests on the page. */
let held = false;
document.body.addEventListener("htmx:beforeSwap", () => {
  held = document.activeElement !== document.body;
});
document.body.addEventListener("htmx:afterSettle", () => {
  if (held && document.activeElement === document.body) document.getElementById("main").focus();
  watch();
});
watch();
