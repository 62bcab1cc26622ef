/** The device of a screen: draws what the plan says beside the real picture, and follows what is answered. */

import { shape } from "./glass.js";
import { keepLive } from "./live.js";
import { Still } from "./still.js";

const RENEW_MS = 10_000;
/** While an answer is waited for. */
const SOON_MS = 1_500;

const main = document.getElementById("main");
const glass = document.querySelector("[data-stage]");
const still = new Still(glass, "");
let shown = "";

function repaint() {
  if (main.dataset.still === shown) return;
  shown = main.dataset.still;
  const told = JSON.parse(shown);
  if (told) still.show(told).catch((error) => console.warn(String(error)));
}

shape(glass);
repaint();
keepLive(() => ("waits" in main.dataset ? SOON_MS : RENEW_MS), repaint);
