/** The list of playlists: draws its thumbnails, counts what is chosen. */

import { drawIn } from "./thumbs.js";

const form = document.getElementById("several");
if (form) {
  const boxes = [...form.elements].filter((one) => one.name === "chosen");
  const all = form.querySelector("[data-all]");
  const said = form.querySelector("[data-chosen]");
  const none = said.textContent;
  const count = () => {
    const n = boxes.filter((box) => box.checked).length;
    form.dataset.n = n;
    said.textContent = n ? said.dataset.chosen.replace("{n}", n) : none;
    all.checked = n === boxes.length;
    all.indeterminate = n > 0 && !all.checked;
    for (const button of form.querySelectorAll("button")) button.disabled = n === 0;
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count();
  });
  for (const box of boxes) box.addEventListener("change", count);
  count();
}
drawIn(document);
