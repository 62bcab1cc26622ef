/** The wall: screens drawn by the code that draws them in the shop, captions that follow, filters. */

import { watch } from "/page/watch.js";
import { shape } from "./glass.js";
import { keepLive } from "./live.js";
import { Still } from "./still.js";

const RENEW_MS = 5_000;
/** Screens that are cut off are asked about together, so many at once. */
const AT_ONCE = 40;
/** Under this name the browser remembers whether devices are told of. */
const DEVICES = "enseigne-wall-devices";
const stills = new Map();
const main = document.getElementById("main");
const units = [...document.querySelectorAll(".unit")];
let ahead = 0;

function takeClock() {
  ahead = Number(main.dataset.now) - Date.now();
}
const now = () => Date.now() + ahead;

/** Shows the turn that is on now; says when the next one begins. */
function follow(unit) {
  const turns = unit.dataset.turns ? JSON.parse(unit.dataset.turns) : [];
  const at = now();
  const [since, until, what, then] = turns.find((turn) => turn[0] <= at && at < turn[1]) ?? [];
  if (what !== undefined) {
    say(unit, ".what", what);
    say(unit, ".then", then);
  }
  progress(unit, since ?? Number(unit.dataset.since), until ?? Number(unit.dataset.until));
}

function say(unit, selector, text) {
  const line = unit.querySelector(selector);
  if (line && line.textContent !== text) line.textContent = text;
}

function progress(unit, since, until) {
  const line = unit.querySelector(".prog i");
  const key = `${since}-${until}`;
  if (line.progressKey === key) return;
  line.progressKey = key;
  for (const move of line.getAnimations()) move.cancel();
  if (!(since < until) || until < now()) return;
  const move = line.animate([{ transform: "scaleX(0)" }, { transform: "scaleX(1)" }], { duration: until - since, fill: "forwards" });
  move.currentTime = now() - since;
}

function followAll() {
  for (const unit of units) follow(unit);
}

function filters() {
  const tabs = [...document.querySelectorAll("[data-filter]")];
  const rows = [...document.querySelectorAll("[data-states]")];
  if (tabs.length === 0) return () => {};
  const apply = () => {
    const wanted = tabs.find((tab) => tab.ariaPressed === "true").dataset.filter;
    for (const row of rows) row.hidden = wanted !== "all" && !row.dataset.states.split(" ").includes(wanted);
    for (const store of document.querySelectorAll("[data-store]")) {
      store.hidden = wanted !== "all" && !store.querySelector("[data-states]:not([hidden])");
    }
    document.querySelector("[data-nothing]").hidden = wanted === "all" || rows.some((row) => !row.hidden);
  };
  for (const tab of tabs) {
    tab.hidden = false;
    tab.addEventListener("click", () => {
      for (const other of tabs) other.ariaPressed = String(other === tab);
      apply();
    });
  }
  return apply;
}

/** Whether each screen's device is told of: off unless its reader wants it, which is remembered. */
function devices() {
  const tab = document.querySelector("[data-devices-switch]");
  if (!tab) return;
  const walls = document.querySelector(".walls");
  const show = (wanted) => {
    tab.ariaPressed = String(wanted);
    walls.toggleAttribute("data-devices", wanted);
  };
  tab.hidden = false;
  show(localStorage.getItem(DEVICES) === "shown");
  tab.addEventListener("click", () => {
    const wanted = tab.ariaPressed !== "true";
    localStorage.setItem(DEVICES, wanted ? "shown" : "");
    show(wanted);
  });
}

function draw() {
  const glasses = [...document.querySelectorAll("[data-screen]")];
  glasses.forEach(shape);
  if (!main.dataset.watch) return null;
  const hosts = new Map(glasses.map((glass) => [glass.dataset.screen, glass]));
  return watch(hosts, { doorUrl: main.dataset.door, apiUrl: "/player/v1", token: () => main.dataset.watch });
}

/** Over a screen that is cut off lies what it plays by itself, by its last report. */
async function followCutOff() {
  const cutOff = new Map(units.filter(({ dataset }) => "report" in dataset).map((unit) => [idOf(unit), unit]));
  for (const [id, { host }] of stills) {
    if (cutOff.has(id)) continue;
    host.remove();
    stills.delete(id);
  }
  const ids = [...cutOff.keys()];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const query = new URLSearchParams(location.search);
    query.set("screens", ids.slice(at, at + AT_ONCE).join());
    const answer = await fetch(`/wall/stills?${query}`);
    if (!answer.ok) return;
    for (const [id, found] of Object.entries(await answer.json())) await stillOf(id, cutOff.get(id)).show(found);
  }
}

const idOf = (unit) => unit.querySelector("[data-screen]").dataset.screen;

function stillOf(id, unit) {
  if (!stills.has(id)) {
    const host = document.createElement("div");
    host.className = "alone";
    unit.querySelector("[data-screen]").append(host);
    stills.set(id, new Still(host, new URLSearchParams(location.search).get("key") ?? ""));
  }
  return stills.get(id);
}

takeClock();
const applyFilter = filters();
devices();
followAll();
setInterval(followAll, 500);
keepLive(() => RENEW_MS, () => {
  takeClock();
  followAll();
  applyFilter();
  lookAtCutOff();
});
const lookAtCutOff = () => followCutOff().catch((error) => console.warn(String(error)));
lookAtCutOff();
window.wall = draw();
