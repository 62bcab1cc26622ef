/**
 * What templates are made of. A part is one thing the scene can keep, swap or move by itself:
 * `{ id, node, kind, good }`; kind "figures" sets and rises, others fade; `good` is the index of
 * the goods whose price it says, so that it leaves with that price's lease.
 */

import { cssUrl, el, lines, picture, text } from "../dom.js";

export const part = (id, node, { kind = "words", good = null } = {}) => ({ id, node, kind, good });

/** Ask for fitting: "scale/lines" steps, tried in order (see fit.js), others for upright screens. */
export function fitted(node, steps, upright = "") {
  node.dataset.fit = steps;
  if (upright) node.dataset.fitTall = upright;
  return node;
}

/** The mark in the sky's tone and the name beside it; null without both. */
export function brand(view) {
  const name = text(view.brand.name);
  if (!name && !view.brand.mark) return null;
  const mark = view.brand.mark ? el("span", "mark") : null;
  mark?.style.setProperty("--mark", cssUrl(view.brand.mark));
  return el("p", "brand", mark, name && el("span", "", name));
}

/** One or two voices of a headline, each a block of its own; the steps count lines of one voice. */
export function say(className, first, second, steps, upright = "") {
  const voices = [first, second].map(text).filter(Boolean);
  if (!voices.length) return null;
  const rows = voices.map((voice) => el("span", "line sign", voice));
  const together = (each) => each.replace(/\/(\d)/g, (_, count) => `/${count * voices.length}`);
  return fitted(el("h1", `say ${className}`, ...rows), together(steps), together(upright));
}

const separator = (lang) => (lang === "fr" ? "," : ".");

/** Spoken form of a price, for assistive technology. */
export function spoken(price, lang) {
  const amount = text(price.figures) + (price.cents ? separator(lang) + text(price.cents) : "");
  return price.currency_first ? text(price.currency) + amount : `${amount} ${text(price.currency)}`;
}

/** The large price: figures, cents raised with their separator, the currency on the line. */
export function figures(price, lang) {
  const digits = text(price.figures).replace(/\D/g, "").length;
  const size = `${digits < 3 ? "" : `n${Math.min(digits, 5)}`}${price.unit ? " less" : ""}`;
  const amount = el("span", "int", text(price.figures));
  const unit = el("span", `unit${price.currency_first ? " first" : ""}`, text(price.currency));
  const row = el("p", `price sign ${size}`.trim());
  row.setAttribute("aria-label", spoken(price, lang));
  if (price.currency_first) row.append(unit);
  row.append(amount);
  if (price.cents) {
    const cents = el("span", "cents", separator(lang) + text(price.cents));
    row.append(el("span", "part", cents, price.currency_first ? null : unit));
  } else if (!price.currency_first) row.append(unit);
  return fitted(row, "1/0 .92/0 .85/0 .78/0 .7/0 .6/0 .5/0 .42/0 .34/0 .26/0 .2/0");
}

/** A word or two above all else, at the edge. */
export function kicker(words) {
  return fitted(el("p", "kicker", text(words)), "1/1 .9/1 .8/2 .7/2");
}

/** The small price under a good: one line, cents and currency raised. */
export function amount(price, lang) {
  const cents = price.cents ? separator(lang) + text(price.cents) : "";
  const row = el("p", "price sign");
  row.setAttribute("aria-label", spoken(price, lang));
  if (price.currency_first) row.append(el("span", "up first", text(price.currency)));
  row.append(el("span", "int", text(price.figures)));
  const after = price.currency_first ? cents : `${cents} ${text(price.currency)}`;
  if (after) row.append(el("span", "up", after));
  return row;
}

/** The price of one kilogram or litre, wherever the price stands: it may be small, never cut. */
export function each(className, price) {
  return fitted(el("p", `each ${className}`, text(price.unit)), "1/0 .92/0 .84/0 .76/0 .68/0 .6/0");
}

/** Somebody else's price, as what it is. */
export function compared(className, price) {
  return fitted(el("p", `fine compared ${className}`, text(price.comparison)), "1/1 .94/1 .88/1 .8/1");
}

/** The reduction, what it was, and the line the law asks for. */
export function ticket(price) {
  const cut = el("p", "cut");
  if (price.reduction) cut.append(el("b", "sign", text(price.reduction)));
  if (price.was) cut.append(el("s", "sign", text(price.was), el("i")));
  const law = price.legal ? fitted(el("p", "fine", text(price.legal)), "1/1 .94/1 .88/1 .82/1") : null;
  return el("div", `ticket${price.comparison ? " high" : ""}`, cut.childNodes.length ? cut : null, law);
}

export const hasTicket = (price) => Boolean(price && (price.reduction || price.was || price.legal));

/** One line of fact. */
export function fact(className, ...content) {
  return fitted(el("p", `fact ${className}`, ...content), "1/1 .95/1 .9/1 .82/1");
}

/** Several short rows of fact; the steps keep them above the screen's edge. */
export function rows(className, values, { hot = -1, steps = "1/4 .9/4 .82/5", upright = "" } = {}) {
  const nodes = values.map((value, at) => el("span", at === hot ? "row hot" : "row", value));
  return fitted(el("p", `fact ${className}`, ...nodes), steps, upright);
}

/** Stock in words, its figure in the second colour. */
export function stock(className, stockView) {
  const words = text(stockView.text);
  const figure = text(stockView.figure);
  const at = figure ? words.indexOf(figure) : -1;
  if (at < 0) return fact(className, words);
  return fact(className, words.slice(0, at), el("em", "", figure), words.slice(at + figure.length));
}

/** Words that break only at spaces: "Réservez-la" stays whole. */
function whole(phrase) {
  return phrase.split(" ").flatMap((word, at) => [at ? " " : "", el("span", "word", word)]);
}

/** What to do about it: a call and its code. "first|second" gives a smaller second voice. */
export function scan(className, call, qr) {
  const [first, ...rest] = lines(call);
  if (!first && !qr) return null;
  const words = first
    ? fitted(el("p", "", ...whole(first), rest.length ? el("small", "", rest.join(" ")) : null), "1/4 .9/4 .8/5")
    : null;
  return el("div", `scan ${className}`, words, qr ? picture(qr, "qr", "QR") : null);
}

/** Whether words that stand on the line reach below it: they are lifted, dark ground would hide that. */
export const hangs = (words) => (/[gjpqyç,;]/.test(words) ? " hangs" : "");

/** The brand's mark in the tone of the land, standing where a good without a picture would. */
export function emblem(view, className) {
  if (!view.brand.mark) return null;
  const node = el("div", `emblem ${className}`);
  node.style.setProperty("--mark", cssUrl(view.brand.mark));
  return { key: `emblem|${className}|${view.brand.mark}`, node };
}

/** Pictures with a ground of their own may be cut to a square: where. */
const CUTS = new Set(["middle", "top", "bottom"]);

/** A good that stands on the horizon; wet ground mirrors it. Its shape is known once decoded. */
export function good(className, url, { mirror = false, crop = "" } = {}) {
  const image = picture(url, "body");
  const cut = CUTS.has(crop) ? ` cut cut-${crop}` : "";
  return {
    key: `${className}|${url}|${mirror}|${cut}`,
    node: el("figure", `good ${className}${cut}`, image, mirror ? picture(url, "mirror") : null),
  };
}
