/** The plover of the slate and of the crowd, drawn in the current colour. */

import { drawing } from "../dom.js";

export const PLOVER_BOX = "0 0 92 90";
const BODY = "M1 59C11 44 24 35 39 32.500 40.500 15 49.500 4 63 4c9.800 0 16.700 6.200 17.900 14.600L92 24.800 80 28.400C78.300 33.400 76.600 37 75.600 43 72.800 58.600 60.500 68.500 44 67.800 27.500 67.100 12.500 64 1 59Z";
const BAND = "M40.500 32.500C49 41 62 44.500 77 38";
const STANDING = "M40 66 36 88M52 66 56.500 88";
const WALKING = "M41 66 36.500 88M51.500 65.500 59 76 56.500 88";

/** @param {"standing" | "walking"} pose */
export function plover(className, pose) {
  const legs = { fill: "none", stroke: "currentColor", "stroke-width": "3.7", "stroke-linecap": "round", "stroke-linejoin": "round" };
  return drawing(PLOVER_BOX, className, [
    ["path", { d: pose === "walking" ? WALKING : STANDING, ...legs }],
    ["path", { d: BODY, class: "bird-body" }],
    ["path", { d: BAND, class: "bird-band" }],
    ["circle", { cx: "65.5", cy: "18.5", r: "3", class: "bird-eye" }],
  ]);
}
