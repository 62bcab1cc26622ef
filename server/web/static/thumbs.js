/** Draws the thumbnails of playlists when they come into view, with the code that paints in the shop. */

import { Still } from "./still.js";

const AHEAD = "200px";
const MOST = 40;
const stills = new WeakMap();
let waiting = new Map();

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) want(target);
}, { rootMargin: AHEAD });

/** Look after all glasses under a root; those known already are asked for again only where `anew`. */
export function drawIn(root, { anew = false } = {}) {
  for (const glass of root.querySelectorAll("[data-picture]")) {
    if (anew) glass.drawn = undefined;
    seen.unobserve(glass);
    seen.observe(glass);
  }
}

/** One card into one glass. */
export async function draw(glass, picture) {
  if (!stills.has(glass)) stills.set(glass, new Still(glass, ""));
  await stills.get(glass).show(picture);
}

function want(glass) {
  const { of, picture, store = "", rev = "" } = glass.dataset;
  const mark = `${of}/${picture}/${store}/${rev}`;
  if (glass.drawn === mark) return;
  glass.drawn = mark;
  if (waiting.size === 0) setTimeout(ask, 0);
  const key = `${of} ${store}`;
  waiting.set(key, [...(waiting.get(key) ?? []), glass]);
}

async function ask() {
  const asked = waiting;
  waiting = new Map();
  for (const [key, glasses] of asked) {
    const [of, store] = key.split(" ");
    for (let at = 0; at < glasses.length; at += MOST) await some(of, store, glasses.slice(at, at + MOST));
  }
}

async function some(of, store, glasses) {
  const items = [...new Set(glasses.map((glass) => glass.dataset.picture))].join(",");
  const query = new URLSearchParams({ items, store });
  try {
    const answer = await fetch(`/playlists/${encodeURIComponent(of)}/pictures?${query}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    const drawing = glasses.filter(({ dataset }) => found[dataset.picture]);
    await Promise.all(drawing.map((glass) => draw(glass, found[glass.dataset.picture])));
  } catch {
    for (const glass of glasses) glass.drawn = undefined;  // Asked for again at the next change.
  }
}
