/**
 * Who walks along the slate and stands in a crowd: the brand's own mascot in the current colour, or a
 * passer-by for a brand without one.
 */

import { cssUrl, drawing, el } from "../dom.js";

const BOX = "0 0 54 90";
const COAT = "M27 24C37 24 42 30 43.500 40L47 67H7L10.500 40C12 30 17 24 27 24Z";
const SCARF = "M16 28.500C22 33.500 32 33.500 38 28.500";
const LEGS = { standing: "M20.500 66V88M33.500 66V88", walking: "M21 66 13.500 88M33 66 42.500 87.500" };
const STROKE = { fill: "none", stroke: "currentColor", "stroke-width": "6.500", "stroke-linecap": "round" };

function passerBy(className, pose) {
  return drawing(BOX, className, [
    ["path", { d: LEGS[pose], ...STROKE }],
    ["path", { d: COAT, class: "coat" }],
    ["circle", { cx: "27", cy: "13", r: "10.5", class: "coat" }],
    ["path", { d: SCARF, class: "scarf" }],
  ]);
}

/**
 * What a figure is made from: equal for views whose figures look the same.
 *
 * @param {object} brand of the view
 */
export const figureKey = (brand) => brand.mascot ?? "";

/** @param {"standing" | "walking"} pose of a passer-by; a mascot has the one it was drawn in */
export function figure(brand, className, pose) {
  if (!brand.mascot) return passerBy(`figure ${className}`.trim(), pose);
  const node = el("span", `figure mascot ${className}`.trim());
  node.style.setProperty("--mascot", cssUrl(brand.mascot));
  return node;
}
