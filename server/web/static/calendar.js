/** The calendar: arrow keys from bar to bar and from day to day, clashes joined over neighbouring lanes, a campaign drawn over days. */

import { Days } from "./calendar-days.js";
import { moveBars } from "./calendar-move.js";
import { drawIn } from "./thumbs.js";

const MOVED = 6;
const HOLD_MS = 350;
const cal = document.getElementById("cal");

drawIn(document);
if (cal) {
  const days = new Days(cal);
  moveBars(days);
  walk();
  join();
  addEventListener("resize", join);
  draw(days);
  choose(days);
}

/** Bars are one stop of the Tab key; arrows walk within: left and right in a lane, up and down between lanes. */
function walk() {
  const bars = () => [...cal.querySelectorAll("[data-bar]")];
  const first = cal.querySelector("[data-bar][aria-current]") ?? bars()[0];
  for (const bar of bars()) bar.tabIndex = bar === first ? 0 : -1;
  cal.addEventListener("keydown", (event) => {
    const here = event.target.closest?.("[data-bar]");
    const next = here && neighbour(here, event.key, bars());
    if (!next) return;
    event.preventDefault();
    for (const bar of bars()) bar.tabIndex = bar === next ? 0 : -1;
    next.focus();
  });
}

function neighbour(here, key, bars) {
  const at = bars.indexOf(here);
  if (key === "ArrowRight") return bars[at + 1];
  if (key === "ArrowLeft") return bars[at - 1];
  if (key === "Home") return bars[0];
  if (key === "End") return bars.at(-1);
  if (key !== "ArrowDown" && key !== "ArrowUp") return undefined;
  const lanes = [...cal.querySelectorAll(".lane:has([data-bar])")];
  const lane = lanes[lanes.indexOf(here.closest(".lane")) + (key === "ArrowDown" ? 1 : -1)];
  if (!lane) return undefined;
  const x = here.getBoundingClientRect().left;
  const away = (bar) => Math.abs(bar.getBoundingClientRect().left - x);
  return [...lane.querySelectorAll("[data-bar]")].sort((a, b) => away(a) - away(b))[0];
}

/** A clash of bars in neighbouring lanes is one frame; elsewhere each bar has its own, and the first says the figure. */
function join() {
  const lanes = [...cal.querySelectorAll(".lane")];
  const groups = Map.groupBy(cal.querySelectorAll(".clash:not(.faint)"), ({ dataset, className }) => `${dataset.clash} ${className.match(/b-\d+ e-\d+/)}`);
  const told = new Set();
  for (const frames of groups.values()) {
    for (const frame of frames) frame.classList.remove("grown", "gone", "tail");
    let top = frames[0];
    let before = top;
    for (const frame of frames) {
      if (told.has(frame.dataset.clash)) frame.classList.add("tail");
      told.add(frame.dataset.clash);
      if (frame === top) continue;
      const beside = lanes.indexOf(frame.closest(".lane")) - lanes.indexOf(before.closest(".lane")) === 1;
      if (beside) {
        const tall = frame.getBoundingClientRect().bottom - top.closest(".lane").getBoundingClientRect().top - 1;
        top.style.setProperty("--tall", `${tall}px`);
        top.classList.add("grown");
        frame.classList.add("gone");
      } else top = frame;
      before = frame;
    }
  }
}

/** Dragging over free days draws a campaign: at once with a mouse or pen, after a short hold with a finger. */
function draw(days) {
  let drag = null;

  const show = () => span(days, drag.from, drag.to);
  const stop = () => {
    clearTimeout(drag?.timer);
    drag = null;
    days.hide();
  };

  cal.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("a")) return;
    if (event.clientX < days.left) return;
    const at = days.at(event.clientX);
    drag = { from: at, to: at, x: event.clientX, y: event.clientY, id: event.pointerId, on: event.pointerType !== "touch", moved: false };
    if (!drag.on) {
      drag.timer = setTimeout(() => {
        drag.on = drag.moved = true;
        cal.setPointerCapture(drag.id);
        show();
      }, HOLD_MS);
    }
  });
  cal.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.id) return;
    const far = Math.abs(event.clientX - drag.x) > MOVED;
    if (!drag.on) return void ((far || Math.abs(event.clientY - drag.y) > MOVED) && stop());
    if (far && !drag.moved) {
      drag.moved = true;
      cal.setPointerCapture(drag.id);
    }
    if (!drag.moved) return;
    drag.to = days.at(event.clientX);
    show();
  });
  cal.addEventListener("pointerup", () => {
    if (!drag?.moved) return stop();
    const { from, to } = drag;
    stop();
    plan(days, from, to);
  });
  cal.addEventListener("pointercancel", stop);
  cal.addEventListener("touchmove", (event) => drag?.on && event.preventDefault(), { passive: false });
  addEventListener("keydown", (event) => event.key === "Escape" && stop());
}

/** The row of days is one stop of the Tab key: arrows walk, Shift and arrows draw a campaign over some, Enter plans it. */
function choose(days) {
  const row = document.getElementById("days");
  const last = days.heads.length - 1;
  let from = Math.max(0, days.heads.findIndex((one) => one.classList.contains("today")));
  let to = from;
  row.addEventListener("focus", () => span(days, from, to));
  row.addEventListener("blur", () => days.hide());
  row.addEventListener("keydown", (event) => {
    if (event.key === "Enter") return plan(days, from, to);
    if (event.key === "Escape") from = to;
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -to, End: last - to, Escape: 0 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    to = Math.max(0, Math.min(last, to + step));
    if (!event.shiftKey) from = to;
    span(days, from, to);
  });
}

function span(days, ...ends) {
  const [first, last] = ends.sort((a, b) => a - b);
  days.show(first, last);
  const [begin, end] = [first, last].map((at) => days.said(days.heads[at].dataset.day));
  days.say(cal.dataset.said, { first: begin, last: end });
}

function plan(days, ...ends) {
  const [first, last] = ends.sort((a, b) => a - b).map((at) => days.heads[at].dataset.day);
  location.assign(`${cal.dataset.new}?${new URLSearchParams({ first, last })}`);
}
