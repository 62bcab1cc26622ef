/** The page of evidence: paints the second with the code of its time, and prints. */

import { shape } from "./glass.js";
import { Still } from "./still.js";

const main = document.getElementById("main");
const glass = document.querySelector("[data-stage]");
const print = document.querySelector("[data-print]");

print.hidden = false;
print.addEventListener("click", () => window.print());
shape(glass);
new Still(glass, "", main.dataset.page || undefined)
  .show(JSON.parse(main.dataset.still))
  .catch((error) => console.warn(String(error)));
