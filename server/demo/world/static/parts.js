// Small building blocks of the page: elements, labelled sliders, choices, and posting an action.

import { fill, words } from "./text.js";

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && key !== "list") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

export const panel = (title, ...children) =>
  h("section", { className: "panel" }, h("h2", {}, title), ...children);

let lastId = 0;
const nextId = () => `c${++lastId}`;

/** A slider with its value in words; `send` is called when the hand lets go. */
export function slider({ label, min, max, step, show, send }) {
  const id = nextId();
  const output = h("output", { htmlFor: id, className: "num" });
  const input = h("input", { id, type: "range", min, max, step });
  const tell = () => {
    output.textContent = show(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
    const part = (input.value - input.min) / (input.max - input.min);
    input.style.setProperty("--part", `${part * 100}%`);
  };
  let held = false;
  input.addEventListener("pointerdown", () => { held = true; });
  input.addEventListener("pointerup", () => { held = false; });
  input.addEventListener("pointercancel", () => { held = false; });
  input.addEventListener("input", tell);
  input.addEventListener("change", () => { held = false; send(Number(input.value)); });
  const row = h("div", { className: "slide" }, h("label", { htmlFor: id }, label), output, input);
  return {
    row,
    input,
    set(value) {
      if (held) return;
      input.value = value;
      tell();
    },
  };
}

/** A choice among named options. */
export function choice({ label, options, send }) {
  const id = nextId();
  const select = h("select", { id }, ...options.map(([value, text]) => h("option", { value }, text)));
  select.addEventListener("change", () => send(select.value));
  const row = h("div", { className: "pickrow" }, h("label", { htmlFor: id }, label), select);
  return { row, select, set(value) { select.value = value; } };
}

/** Something that is on or off, said in words. */
export function toggle({ label, send }) {
  const button = h("button", { type: "button", className: "switch", role: "switch" });
  button.setAttribute("aria-label", label);
  button.addEventListener("click", () => send(button.getAttribute("aria-checked") !== "true"));
  const row = h("div", { className: "pickrow" }, h("span", {}, label), button);
  return {
    row,
    set(on) {
      button.setAttribute("aria-checked", String(on));
      button.textContent = on ? words.on : words.off;
    },
  };
}

/** POST one action of a peer; what is refused is said in the headline. */
export async function act(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) {
    const { error } = await answer.json().catch(() => ({ error: String(answer.status) }));
    document.dispatchEvent(new CustomEvent("refused", { detail: fill(words.refused, { error }) }));
  }
  return answer.ok;
}
