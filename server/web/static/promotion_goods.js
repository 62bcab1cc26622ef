/** Picking goods: finds as one types, keeps what was picked while the list changes. */

const WAIT_MS = 180;
const seek = document.getElementById("seek");
const pick = document.getElementById("pick");
const picked = new Set();
let turn = 0;
let timer = 0;

function shown() {
  return [...pick.querySelectorAll("input[type=checkbox]")];
}

/** What is picked but not in sight goes along unseen; the count says all. */
function tally() {
  for (const box of shown()) picked[box.checked ? "add" : "delete"](box.value);
  const inSight = new Set(shown().map(({ value }) => value));
  for (const old of document.querySelectorAll("input[type=hidden][name=sku]")) old.remove();
  for (const form of [seek, pick]) {
    for (const sku of picked) {
      if (form === pick && inSight.has(sku)) continue;
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "sku", value: sku }));
    }
  }
  const count = document.getElementById("count");
  count.textContent = picked.size ? [...picked].join(", ") : "";
  pick.querySelector(".foot .go").disabled = picked.size === 0;
}

async function find() {
  const mine = ++turn;
  const query = new URLSearchParams(new FormData(seek));
  const answer = await fetch(`/promotions/goods?${query}`).catch(() => null);
  if (mine !== turn || !answer?.ok) return;
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  pick.querySelector("#found").replaceWith(found.getElementById("found"));
  pick.querySelector("[name=q]").value = seek.querySelector("[name=q]").value;
  pick.querySelector("[name=store]").value = found.querySelector("#pick [name=store]").value;
  query.delete("sku");
  history.replaceState(null, "", `/promotions/goods?${query}`);
  tally();
}

if (seek) {
  for (const input of pick.querySelectorAll("[name=sku][type=hidden]")) picked.add(input.value);
  tally();
  seek.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, WAIT_MS);
  });
  seek.addEventListener("submit", (event) => {
    event.preventDefault();
    find();
  });
  pick.addEventListener("change", tally);
  // A picture that the shop does not give leaves its place empty.
  document.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && target.remove(), true);
}
