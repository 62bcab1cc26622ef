/** The page of an instant: paints it as the screen does, follows the present where asked, copies as text. */

import "./copying.js";
import { shape } from "./glass.js";
import { keepLive } from "./live.js";
import { Still } from "./still.js";

const RENEW_MS = 10_000;
const SHORTEST_MS = 700;
/** A turn is asked about this long after it should have begun. */
const LATE_MS = 250;

const main = document.getElementById("main");
const glass = document.querySelector("[data-stage]");
const still = new Still(glass, main.dataset.key, main.dataset.page || undefined);

const repaint = () => still.show(JSON.parse(main.dataset.still)).catch((error) => console.warn(String(error)));
shape(glass);
repaint();
if ("follows" in main.dataset) {
  let ahead = Number(main.dataset.now) - Date.now();
  const left = () => Number(main.dataset.until) - (Date.now() + ahead) + LATE_MS;
  keepLive(() => Math.min(RENEW_MS, Math.max(SHORTEST_MS, left())), () => {
    ahead = Number(main.dataset.now) - Date.now();
    repaint();
  });
}
