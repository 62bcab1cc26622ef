/** Nothing to say: night, a sun going down, someone on the way home. */

import { el, text } from "../dom.js";
import { stride } from "../slate.js";
import { figure, figureKey } from "./figure.js";
import { fitted, part } from "./parts.js";

function place(walker, now) {
  const { way, face } = stride(now);
  walker.style.setProperty("--way", String(way));
  walker.style.setProperty("--face", String(face));
}

export function compose(view) {
  const walker = figure(view.brand, "walker", "walking");
  place(walker, Date.now());
  const slogan = text(view.brand.slogan);
  const tagline = fitted(el("p", "tagline sign", slogan), "1/1 .9/1 .8/2");
  return {
    horizon: "slate",
    sky: "night",
    behind: [el("div", "sunset")],
    onSoil: [el("div", "glint")],
    goods: [{ key: `walker|${figureKey(view.brand)}`, node: walker, minute: (now) => place(walker, now) }],
    parts: slogan ? [part("tagline", tagline)] : [],
  };
}
