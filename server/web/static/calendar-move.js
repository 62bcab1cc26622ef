/** A campaign's bar moved to other days, or made longer or shorter: by mouse, by a finger after a short hold, by keys. */

import { later } from "./calendar-days.js";

const EDGE = 9;
const MOVED = 5;
const HOLD_MS = 350;

export function moveBars(days) {
  const { cal } = days;
  const form = document.getElementById("moving");
  let held = null;
  let justDragged = false;

  /** What a bar would run from and to, so many days on; null where it has no days that move. */
  const ends = ({ bar, part, by }) => {
    const { first, last } = bar.dataset;
    if (part === "move") return first || last ? [later(first, by), later(last, by)] : null;
    if (part === "start") return [later(first || firstDrawn(bar), by), last];
    return [first, later(last || lastDrawn(bar), by)];
  };
  const column = (bar, edge) => Number.parseInt(getComputedStyle(bar)[edge], 10) - 2;
  const firstDrawn = (bar) => days.heads[column(bar, "gridColumnStart")].dataset.day;
  const lastDrawn = (bar) => days.heads[column(bar, "gridColumnEnd") - 1].dataset.day;

  const draw = () => {
    const { bar, part, from, to, by } = held;
    const found = ends(held);
    if (!found) return days.say(cal.dataset.undated, { name: bar.dataset.name });
    const begin = Math.max(0, from + (part === "end" ? 0 : by));
    const end = Math.min(days.heads.length - 1, to + (part === "start" ? 0 : by));
    if (end >= begin) bar.style.gridColumn = `${begin + 2} / ${end + 3}`;
    bar.classList.add("moving");
    days.say(cal.dataset.moved, { name: bar.dataset.name, first: days.said(found[0]), last: days.said(found[1]) });
  };
  const take = (bar, part) => {
    held = { bar, part, by: 0, from: column(bar, "gridColumnStart"), to: column(bar, "gridColumnEnd") - 1 };
  };
  const letGo = () => {
    if (!held) return;
    clearTimeout(held.timer);
    held.bar.style.gridColumn = "";
    held.bar.classList.remove("moving");
    held = null;
  };
  const keep = () => {
    const found = held.by ? ends(held) : null;
    const { bar } = held;
    if (!found || (found[0] && found[1] && found[1] < found[0])) return letGo();
    form.action = `/calendar/campaigns/${encodeURIComponent(bar.dataset.bar)}/days`;
    [form.elements.first.value, form.elements.last.value] = found.map((day) => day || "");
    form.submit();
  };

  cal.addEventListener("dragstart", (event) => event.preventDefault());
  cal.addEventListener("pointerdown", (event) => {
    const bar = event.target.closest("[data-bar][data-name]");
    justDragged = false;
    if (!bar || event.button !== 0) return;
    const box = bar.getBoundingClientRect();
    const part = event.clientX > box.right - EDGE ? "end" : event.clientX < box.left + EDGE ? "start" : "move";
    letGo();
    take(bar, part);
    Object.assign(held, { x: event.clientX, y: event.clientY, id: event.pointerId, on: event.pointerType !== "touch" });
    if (!held.on) {
      held.timer = setTimeout(() => {
        held.on = true;
        bar.setPointerCapture(held.id);
        draw();
      }, HOLD_MS);
    }
  });
  cal.addEventListener("pointermove", (event) => {
    if (held?.id !== event.pointerId) return;
    const far = Math.abs(event.clientX - held.x) > MOVED || Math.abs(event.clientY - held.y) > MOVED;
    if (!held.on) return void (far && letGo());
    if (!far && !justDragged) return;
    if (!justDragged) held.bar.setPointerCapture(held.id);
    justDragged = true;
    held.by = Math.round((event.clientX - held.x) / days.wide);
    draw();
  });
  cal.addEventListener("pointerup", (event) => {
    if (held?.id !== event.pointerId) return;
    if (justDragged) keep();
    else letGo();
  });
  cal.addEventListener("pointercancel", letGo);
  cal.addEventListener("click", (event) => justDragged && event.preventDefault(), true);
  cal.addEventListener("contextmenu", (event) => held?.on && event.preventDefault());
  cal.addEventListener("touchmove", (event) => held?.on && event.preventDefault(), { passive: false });

  cal.addEventListener("keydown", (event) => {
    const bar = event.target.closest("[data-bar][data-name]");
    if (held && event.key === "Escape") return letGo();
    if (held && event.key === "Enter") {
      event.preventDefault();
      return keep();
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!bar || !step || event.shiftKey === event.altKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const part = event.shiftKey ? "move" : "end";
    if (held?.bar !== bar || held.part !== part) {
      letGo();
      take(bar, part);
    }
    held.by += step;
    draw();
  });
  cal.addEventListener("focusout", () => held && held.id === undefined && letGo());
}
