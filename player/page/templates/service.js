/** The shop speaks: a crowd, a free till, the way to it. */

import { drawing, el, lines, text } from "../dom.js";
import { figure, figureKey } from "./figure.js";
import { part, rows, say } from "./parts.js";

/** Where each of the crowd stands and how tall they are, in units of the screen; nearest last. */
const CROWD = [
  [8, 15], [16, 17.5], [23.5, 14], [31.500, 18.5], [41, 15.5], [49, 17], [57.500, 15], [65, 18],
];
const NEAR = 4;
/** A flat arrow needs the room of the others. */
const FEW = 5;
const ARROWS = {
  up: { box: "0 0 40 98", className: "", d: "M20 98V8M3 26.500 20 8.200l17 18.300" },
  left: { box: "0 0 98 40", className: "flat", d: "M98 20H8M26.500 3 8.200 20l18.300 17" },
  right: { box: "0 0 98 40", className: "flat", d: "M0 20h90M71.500 3 89.800 20 71.500 37" },
};
const WIDE = "1/1 .93/1 .86/1 .78/1 .7/1 .62/1 .54/2 .46/2";
const UPRIGHT = "1/2 .93/2 .86/2 .78/2 .7/2 .62/2 .54/2 .46/3";
/** Room the figure and its arrow take from the headline, by number of figures, in units. */
const BOARD = { 0: 48, 1: 66, 2: 96, 3: 104 };

function crowd(brand, count) {
  const figures = CROWD.slice(0, count).map(([x, size], index) => {
    const one = figure(brand, index >= NEAR ? "far" : "", index % 3 === 1 ? "walking" : "standing");
    one.style.setProperty("--x", String(x));
    one.style.setProperty("--s", String(size));
    return one;
  });
  return { key: `crowd|${count}|${figureKey(brand)}`, node: el("div", "flock", ...figures) };
}

function board(figure, direction) {
  const arrow = ARROWS[direction];
  const stroke = { fill: "none", stroke: "currentColor", "stroke-width": "8", "stroke-linejoin": "miter" };
  return el(
    "div",
    `board d${figure.length}`,
    arrow ? drawing(arrow.box, arrow.className, [["path", { d: arrow.d, ...stroke }]]) : null,
    figure ? el("p", "mega sign", figure) : null,
  );
}

export function compose(view) {
  const figure = text(view.params.figure).slice(0, 3);
  const arrow = Object.hasOwn(ARROWS, view.params.arrow ?? "") ? view.params.arrow : "";
  const parts = [];
  const headline = say("crowd", view.params.headline, view.params.second, WIDE, UPRIGHT);
  if (headline) {
    if (figure || arrow) headline.style.setProperty("--board", String(BOARD[figure.length]));
    parts.push(part("say", headline));
  }
  if (figure || arrow) parts.push(part("board", board(figure, arrow)));
  const [first, ...rest] = lines(view.params.facts);
  if (first) parts.push(part("near", rows("crowd near", [first])));
  if (rest.length) parts.push(part("far", rows("crowd far", rest, { hot: 0, steps: "1/2 .93/2 .86/3 .78/3", upright: "1/3 .9/4 .82/4" })));
  return { horizon: "service", sky: "tide", goods: [crowd(view.brand, ARROWS[arrow]?.className === "flat" ? FEW : CROWD.length)], parts };
}
