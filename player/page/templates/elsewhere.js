/** Sold out here, waiting a few kilometres away: a shadow, a road, the real thing. */

import { el, lines, text } from "../dom.js";
import { emblem, fitted, good, part, rows, say, scan } from "./parts.js";

export function compose(view) {
  const item = view.goods[0];
  const parts = [];
  const headline = say("away", view.params.headline, "", "1/1 .92/1 .85/1 .78/1 .7/1 .62/1 .52/2 .44/2", "1/2 .92/2 .85/2 .78/2 .7/2 .62/2 .54/2");
  if (headline) parts.push(part("say", headline));
  if (item) {
    const named = el("p", "lead away", el("b", "", text(item.name)), text(item.lead));
    parts.push(part("lead", fitted(named, "1/1 .93/1 .86/2")));
  }
  const distance = text(view.params.distance);
  if (distance) {
    const marker = fitted(el("b", "sign", distance), "1/1 .85/1 .7/1");
    parts.push(part("road", el("p", "road", marker)));
  }
  const near = lines(view.params.here);
  if (near.length) parts.push(part("near", rows("away near", near)));
  const place = text(view.params.there);
  const far = [place, ...lines(view.params.there_note)].filter(Boolean);
  if (far.length) parts.push(part("far", rows("away far", far, { hot: place ? 1 : 0, steps: "1/3 .9/3 .82/3 .74/4 .68/4", upright: "1/4 .9/4 .82/5" })));
  const call = scan("away", view.params.cta, view.qr);
  if (call) parts.push(part("scan", call));
  return {
    horizon: "elsewhere",
    sky: "mist",
    goods: item?.picture ? [good("here", item.picture), good("there", item.picture)] : [emblem(view, "there")].filter(Boolean),
    parts,
  };
}
