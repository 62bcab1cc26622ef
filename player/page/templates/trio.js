/** Up to three goods under one sky: the weather says why, the goods say what. */

import { drawing, el, text } from "../dom.js";
import { amount, each, emblem, fact, fitted, good, part, say } from "./parts.js";

const STROKE = { fill: "none", stroke: "currentColor", "stroke-width": "1.8", "stroke-linecap": "round", "stroke-linejoin": "round" };
const CLOUD = "M4.300 15.200A6.900 6.900 0 1 1 15.600 8.100h1.700a4.600 4.600 0 0 1 2.700 8.300";
const ICONS = {
  rain: [CLOUD, "M8 14.500v5.300M12 16.500v5.500M16 14.500v5.300"],
  sun: [
    "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z",
    "M12 2v2.400M12 19.600V22M2 12h2.400M19.600 12H22M4.930 4.930l1.700 1.700M17.370 17.370l1.700 1.700M4.930 19.070l1.700-1.700M17.370 6.630l1.700-1.700",
  ],
  cold: ["M12 2v20M3.340 7l17.320 10M20.660 7 3.340 17M9.500 3.500 12 6l2.500-2.500M9.500 20.500 12 18l2.500 2.500M3.300 10.200l3.400-.9-.9-3.400M20.700 13.800l-3.400.9.9 3.400"],
};
/** Which of the three places a single good, or two, take. */
const PLACES = { 1: ["g2"], 2: ["g2 duo", "g3 duo"], 3: ["g1", "g2", "g3"] };
const MOST = 3;

function chip(view) {
  const words = text(view.params.chip);
  if (!words) return [];
  const icon = ICONS[view.params.chip_icon];
  const sign = icon ? drawing("0 0 24 24", "", icon.map((d) => ["path", { d, ...STROKE }])) : null;
  return [part("chip", fitted(el("p", "chip", sign, el("span", "", words)), "1/1 .9/1 .8/1"))];
}

function tags(item, index, place, view, someone, lifted) {
  const label = fitted(el("p", `tag label ${place}${lifted}`, text(item.name)), "1/1 .93/1 .88/2 .8/2 .72/2", "1/2 .9/2 .82/3 .74/3 .64/3");
  const said = [part(`name-${index}`, label)];
  if (item.price) {
    const shown = el("div", `tag amount ${place}${lifted}`, amount(item.price, view.lang));
    said.push(part(`price-${index}`, shown, { kind: "figures", good: index }));
    if (item.price.unit) said.push(part(`each-${index}`, each(`tag ${place}`, item.price), { good: index }));
  } else if (someone) {
    const quiet = fitted(el("p", `tag quiet ${place}`, text(item.pricefree)), "1/2 .9/2 .8/2");
    said.push(part(`free-${index}`, quiet));
  }
  return said;
}

export function compose(view) {
  const items = view.goods.slice(0, MOST);
  const priced = items.some((item) => item.price);
  const asked = text(view.params.sky) || "mist";
  const sky = asked === "price" && !priced ? "mist" : asked;
  const places = PLACES[items.length] ?? [];
  const parts = chip(view);
  const headline = say("trio", view.params.headline, view.params.second, "1/1 .92/1 .85/1 .78/1 .7/1 .62/1 .54/2 .46/2", "1/1 .92/1 .85/1 .78/1 .7/1 .62/1 .5/2 .44/2");
  if (headline) parts.push(part("say", headline));
  // What stands under one price takes its room from all, so that they stay on one line.
  const lifted = items.some((item) => item.price?.unit) ? " lifted" : "";
  items.forEach((item, index) => parts.push(...tags(item, index, places[index], view, priced, lifted)));
  const free = items.map((item) => text(item.pricefree)).find(Boolean);
  if (!priced && free) parts.push(part("free", fact("trio", free)));
  return {
    horizon: "trio",
    sky,
    goods: items
      .map(({ picture }, index) => picture ? good(places[index], picture, { mirror: sky === "rain", crop: view.params.crop })
        : emblem(view, places[index]))
      .filter(Boolean),
    parts,
  };
}
