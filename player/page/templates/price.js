/** One good and its price; without the price, the name stands on the horizon instead. */

import { el, lines, text } from "../dom.js";
import { compared, each, emblem, fact, figures, fitted, good, hangs, hasTicket, kicker, part, rows, scan, stock, ticket } from "./parts.js";

const STANDING_LETTERS = 8;
const STEP = 0.85;
/** A longer name takes two lines, and the room of the lead's second. */
const LONG_LETTERS = 34;
/** Up to so many a name surely takes one line; its lead comes up to it. */
const LINE_LETTERS = 26;

function nameSize(name) {
  if (name.length <= 12) return "";
  if (name.length <= 18) return " m";
  return name.length <= LONG_LETTERS ? " l" : " l xl";
}

/** The name on the horizon: 8 letters at full size, then step by .85, then two lines. */
function standingSteps(name) {
  const first = name.length > STANDING_LETTERS ? 1 : 0;
  const steps = [];
  for (let step = first; step <= 5; step += 1) steps.push(`${(STEP ** step).toFixed(3)}/1`);
  for (let step = 5; step <= 9; step += 1) steps.push(`${(STEP ** step).toFixed(3)}/2`);
  return steps.join(" ");
}

function priced(item, view) {
  const name = text(item.name);
  const long = name.length > LONG_LETTERS;
  const brief = name.length > 18 && name.length <= LINE_LETTERS;
  const shorter = brief ? ".7/1 .62/1 .55/1" : ".7/2 .62/2 .55/2";
  const names = long ? "1/2 .92/2 .85/2 .78/2" : `1/1 .92/1 .85/1 .78/1 ${shorter}`;
  const under = long ? " under-xl" : brief ? " under-l" : "";
  const said = [
    part("name", fitted(el("h1", `name sign${nameSize(name)}`, name), names)),
    part("lead", fitted(el("p", `lead hero${under}`, text(view.params.headline) || text(item.lead)), long ? "1/1 .93/1 .86/1" : "1/1 .93/1 .86/2")),
    part("figures", el("div", "fold shelf", figures(item.price, view.lang)), { kind: "figures", good: 0 }),
  ];
  const left = hasTicket(item.price) ? "" : " left";
  if (!left) said.push(part("ticket", ticket(item.price), { good: 0 }));
  if (item.price.unit) said.push(part("each", each("hero", item.price), { good: 0 }));
  if (item.price.comparison) {
    const place = left ? `hero${item.stock ? " second" : " first"}` : "hero";
    said.push(part("compared", compared(place, item.price), { good: 0 }));
  }
  if (item.price.until) said.push(part("until", fact(`hero${left}`, text(item.price.until)), { good: 0 }));
  const row = item.price.until ? "hero low" : "hero";
  if (item.stock) said.push(part("stock", stock(row + left, item.stock)));
  return said;
}

function priceFree(item, view) {
  const name = text(item.name);
  const standing = fitted(el("h1", `standing sign${hangs(name)}`, name), standingSteps(name));
  const more = lines(view.params.facts);
  const said = [
    part("pitch", fitted(el("p", "lead pitch", text(view.params.headline) || text(item.lead)), "1/2 .9/2 .8/2 .72/3")),
    part("standing", el("div", "fold shelf", standing), { kind: "figures" }),
    part("free", fact(more.length ? "hero" : "hero left", text(item.pricefree))),
  ];
  if (more.length) said.push(part("more", rows("hero left specs", more.slice(0, 2))));
  if (item.stock) said.push(part("stock", stock(more.length ? "hero low" : "hero low left", item.stock)));
  return said;
}

export function compose(view) {
  const item = view.goods[0] ?? { name: view.brand.name, lead: view.brand.slogan, price: null };
  const parts = item.price ? priced(item, view) : priceFree(item, view);
  const call = scan("hero", view.params.cta, view.qr);
  if (call) parts.push(part("scan", call));
  if (text(view.params.kicker)) parts.push(part("kicker", kicker(view.params.kicker)));
  return {
    horizon: "price",
    sky: item.price ? "price" : "mist",
    goods: [item.picture ? good("hero", item.picture, { crop: view.params.crop }) : emblem(view, "hero")].filter(Boolean),
    parts,
  };
}
