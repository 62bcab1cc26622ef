/** The phone page: what is left of a hold, my screens drawn as in the shop, sheets, no network. */

import { shape } from "./glass.js";
import { keepLive } from "./live.js";
import { Still } from "./still.js";

const RENEW_MS = 10_000;
const QUIET_MS = 3 * RENEW_MS;
const TICK_MS = 500;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const main = document.getElementById("main");
const sheet = document.querySelector("[role=dialog]");
let ahead = 0;
let heardAt = Date.now();
let quietFrom = heardAt;
const now = () => Date.now() + ahead;

function takeClock() {
  ahead = Number(main.dataset.now) - (Number(main.dataset.kept) || Date.now());
}

/** 1 h 28; below an hour 52 min; below a minute 40 s. */
function parts(ms) {
  if (ms < MINUTE_MS) return [Math.ceil(ms / 1000), "s", ""];
  const minutes = Math.ceil(ms / MINUTE_MS);
  if (ms < HOUR_MS) return [minutes, "min", ""];
  return [Math.floor(minutes / 60), "h", String(minutes % 60).padStart(2, "0")];
}

function tick() {
  for (const timer of document.querySelectorAll("[data-left]")) {
    const found = parts(Math.max(0, Number(timer.dataset.left) - now()));
    [...timer.children].forEach((child, at) => {
      const text = String(found[at]);
      if (child.textContent !== text) child.textContent = text;
    });
  }
  for (const bar of document.querySelectorAll("[data-until][data-from]")) {
    const { from, until } = bar.dataset;
    const share = (Number(until) - now()) / (Number(until) - Number(from));
    bar.firstElementChild.style.transform = `scaleX(${Math.min(1, Math.max(0, share))})`;
  }
}

/** What a held screen shows, painted on its card. */
async function paintHeld() {
  const hosts = [...document.querySelectorAll("[data-still]")].filter(({ dataset }) => dataset.still);
  if (hosts.length === 0) return;
  const ids = [...new Set(hosts.map(({ dataset }) => dataset.still))];
  const answer = await fetch(`/store/${encodeURIComponent(main.dataset.store)}/stills?screens=${ids.map(encodeURIComponent)}`);
  if (!answer.ok) return;
  const found = await answer.json();
  for (const host of hosts) {
    const still = found[host.dataset.still];
    if (!still || host.painted === still.shown.card) continue;
    host.painted = still.shown.card;
    host.still ??= new Still(host, "");
    await host.still.show(still);
  }
}

async function draw() {
  const glasses = [...document.querySelectorAll("[data-screen]")];
  glasses.forEach(shape);
  if (!main.dataset.watch || glasses.length === 0) return;
  const { watch } = await import("/page/watch.js");
  const hosts = new Map(glasses.map((glass) => [glass.dataset.screen, glass]));
  watch(hosts, { doorUrl: main.dataset.door, apiUrl: "/player/v1", token: () => main.dataset.watch });
}

function openSheet() {
  sheet.querySelector("[aria-invalid]")?.focus() ?? sheet.querySelector("h1").focus();
  document.documentElement.style.overflow = "hidden";
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") sheet.querySelector("[data-close]").click();
  });
  const find = sheet.querySelector("[data-find]");
  if (!find) return;
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  find.hidden = false;
  find.addEventListener("input", () => {
    for (const row of sheet.querySelectorAll("[data-name]")) row.hidden = !plain(row.dataset.name).includes(plain(find.value));
  });
}

/** The line that says where and until when follows what is chosen below it. */
function sayHow() {
  const how = sheet.querySelector(".how");
  if (!how) return;
  const line = how.querySelector("summary span");
  const said = line.textContent;
  const boxes = [...how.querySelectorAll("[name=screens]")];
  const until = how.querySelector("[name=until]");
  const [all, at] = [how.dataset.all, until.defaultValue];
  how.addEventListener("change", () => {
    const chosen = boxes.filter((box) => box.checked).map((box) => box.parentElement.textContent.trim());
    const where = chosen.length === boxes.length ? all : chosen.join(", ");
    line.textContent = said.replace(all, () => where || "–").replace(at, () => until.value || "–");
  });
}

/** A message of the shop's own kind has no small line below. */
function fitFields() {
  const chosen = () => sheet.querySelector("[name=template]:checked")?.value;
  const small = sheet.querySelector("[data-for=lead]");
  const apply = () => (small.hidden = chosen() === "service");
  for (const one of sheet.querySelectorAll("[name=template]")) one.addEventListener("change", apply);
  apply();
}

/** A page that the phone kept says since when; without a network nothing can be sent from either. */
function sayNetwork() {
  const kept = Number(main.dataset.kept);
  const line = document.querySelector("[data-kept-line]");
  const digits = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: main.dataset.zone };
  const at = new Date(kept).toLocaleTimeString(document.documentElement.lang, digits);
  line.textContent = kept ? line.dataset.said.replace("{at}", at) : "";
  line.hidden = !kept;
  document.querySelector("[data-offline]").hidden = navigator.onLine || Boolean(kept);
  for (const button of document.querySelectorAll("form button:not([type=button])")) {
    button.disabled = !navigator.onLine || Boolean(kept);
  }
}

/** Where the server has not been heard for a while, what is shown is how it stood then. */
function listen() {
  if (document.hidden) quietFrom = Date.now();
  if (main.dataset.kept || Date.now() - Math.max(heardAt, quietFrom) < QUIET_MS) return;
  main.dataset.kept = String(heardAt);
  sayNetwork();
}

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/phone/worker.js", { scope: "/store" }).catch((error) => console.warn(String(error)));
  for (const form of document.querySelectorAll('form[action="/sign-out"]')) {
    form.addEventListener("submit", () => caches.delete("store-1"));
  }
}

/** One tap is one tap, also where the answer takes its time. */
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "1";
  event.submitter?.setAttribute("aria-disabled", "true");
});
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
addEventListener("online", sayNetwork);
addEventListener("offline", sayNetwork);

const paint = () => paintHeld().catch((error) => console.warn(String(error)));
takeClock();
sayNetwork();
tick();
setInterval(tick, TICK_MS);
paint();
if (sheet) {
  openSheet();
  sayHow();
  if (sheet.classList.contains("message")) fitFields();
} else {
  draw().catch((error) => console.warn(String(error)));
  setInterval(listen, TICK_MS);
  keepLive(() => RENEW_MS, () => {
    heardAt = Date.now();
    takeClock();
    sayNetwork();
    tick();
    paint();
  });
}
