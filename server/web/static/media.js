/** The room of files: what is chosen or dropped is sent, and stands among the others once it is here. */

import { dropped, Way } from "./sending.js";

const drop = document.querySelector("#drop");
const input = drop.querySelector("input[type=file]");
const way = new Way(document.querySelector("#way"), document.querySelector("#told"), () => input, refresh);

let asked = 0;

/** Show what arrived among the files, unless something newer was asked meanwhile. */
async function refresh() {
  asked += 1;
  const mine = asked;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || mine !== asked) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const { href } = document.activeElement;
  for (const part of ["#shelf", "#headline", "#sieve"]) {
    document.querySelector(part).replaceWith(fresh.querySelector(part));
  }
  if (href && document.activeElement === document.body) [...document.links].find((link) => link.href === href)?.focus();
}

drop.classList.add("lively");
input.addEventListener("change", () => {
  way.take(input.files);
  input.value = "";
});
dropped(
  (event) => drop.classList.toggle("isover", event !== null),
  (event) => way.take(event.dataTransfer.files),
);
