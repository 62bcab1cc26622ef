/** A few words that stand on the horizon. */

import { el, text } from "../dom.js";
import { fitted, good, hangs, part, say, scan } from "./parts.js";

/** Lines up to this many letters stand larger. */
const BRIEF_LETTERS = 16;
/** Room a good, or a code, takes from the words, in units of the screen. */
const GOOD_ROOM = 60;
const SCAN_ROOM = 44;

/** What stands on the ground: the lead, else which good this is about. */
function said(view, item, headline) {
  const lead = text(view.params.lead);
  if (lead) return fitted(el("p", "lead notice", lead), "1/2 .9/3 .8/3");
  const name = text(item?.name);
  if (!name || headline?.textContent.includes(name)) return null;
  return fitted(el("p", "lead notice about", el("b", "", name), text(item.lead)), "1/2 .9/3 .8/3 .7/4");
}

export function compose(view) {
  const item = view.goods.find((candidate) => candidate.picture);
  const voices = [view.params.headline, view.params.second].map(text);
  const brief = voices.every((voice) => voice.length <= BRIEF_LETTERS);
  const parts = [];
  const alone = voices.filter(Boolean).length < 2;
  const steps = alone ? `${item ? "" : "1/1 .92/1 .84/1 "}1/2 .92/2 .84/2 .76/2 .68/2 .6/3 .52/3 .44/3 .38/3`
    : "1/1 .92/1 .84/1 .76/1 .68/1 .6/2 .52/2 .44/3 .38/3";
  const upright = alone ? "1/2 .92/2 .84/2 .76/3 .68/3 .6/4 .52/4 .44/5" : "1/2 .92/2 .84/2 .76/2 .68/2 .6/3 .52/3 .44/3";
  const lowest = voices.findLast(Boolean) ?? "";
  const headline = say(`notice${brief ? " brief" : ""}${item ? " with-good" : ""}${hangs(lowest)}`, voices[0], voices[1], steps, upright);
  if (headline) {
    if (item) headline.style.setProperty("--room", String(GOOD_ROOM));
    parts.push(part("say", headline));
  }
  const call = scan("notice", view.params.cta, view.qr);
  if (call) parts.push(part("scan", call));
  const below = said(view, item, headline);
  if (below) {
    if (call) below.style.setProperty("--scan-room", String(SCAN_ROOM));
    parts.push(part("lead", below));
  }
  return {
    horizon: "message",
    sky: text(view.params.sky) || "mist",
    goods: item ? [good("notice", item.picture, { crop: view.params.crop })] : [],
    parts,
  };
}
