// The outside world's page: builds the controls, follows the journal, says what just happened.

import { goodsPanel } from "./goods.js";
import { act, choice, h, panel, slider, toggle } from "./parts.js";
import { clock, degrees, fill, lang, money, words } from "./text.js";

const LOG_LINES = 8;
const SYNC_AFTER_MS = 60;
const MOST_RAIN_MM = 15;
const MOST_PEOPLE = 60;

function weatherPanel(world) {
  const rows = world.weather.skies.map((sky) => {
    const hours = Array.from({ length: 24 }, (_, hour) => [hour, lang === "fr" ? `${hour} h` : `${hour}:00`]);
    const send = () => act("/weather/set", {
      place: sky.place, temperature_c: Number(warmth.input.value), rain_mm: Number(rain.input.value),
      rain_until_hour: Number(until.select.value),
    });
    const warmth = slider({ label: words.temperature, min: -10, max: 40, step: 1, show: degrees, send });
    const rain = slider({
      label: words.rain, min: 0, max: MOST_RAIN_MM, step: 0.2, send,
      show: (mm) => (mm ? `${mm.toLocaleString(lang)} mm/h` : words.dry),
    });
    const until = choice({ label: words.rainUntil, options: hours, send });
    const group = h("fieldset", { className: "sky" }, h("legend", {}, sky.name), warmth.row, rain.row, until.row);
    return { group, set(now) {
      warmth.set(now.temperature_c);
      rain.set(now.rain_mm);
      if (now.rain_until_hour !== null) until.set(now.rain_until_hour);
      until.row.classList.toggle("dry", !now.rain_mm);
    } };
  });
  return {
    element: panel(words.weather, ...rows.map((row) => row.group)),
    sync(state) { rows.forEach((row, n) => row.set(state.weather.skies[n])); },
  };
}

function peoplePanel(world) {
  const rows = world.crowd.counters.map((counter) => {
    const send = (name) => (value) =>
      act("/crowd/set", { store: counter.store, zone: counter.zone, [name]: value });
    const scale = { min: 0, max: MOST_PEOPLE, step: 1, show: String };
    const minute = slider({ ...scale, label: words.minute, send: send("per_minute") });
    const inside = slider({ ...scale, label: words.inside, send: send("inside") });
    const title = `${counter.store_name}, ${counter.zone_name[lang]}`;
    const group = h("fieldset", { className: "pair" }, h("legend", {}, title, " ",
      h("small", {}, words.carrier[counter.carrier])), minute.row, inside.row);
    return { group, set(now) { minute.set(now.per_minute); inside.set(now.inside); } };
  });
  const counted = new Set(world.crowd.counters.map((counter) => counter.store));
  const bare = world.stores.filter((store) => !counted.has(store.code))
    .map((store) => h("p", { className: "quiet" }, `${store.plate} : ${words.none}`));
  return {
    element: panel(words.people, ...rows.map((row) => row.group), ...bare),
    sync(state) { rows.forEach((row, n) => row.set(state.crowd.counters[n])); },
  };
}

function troublePanel(world) {
  const named = (modes) => modes.map((mode) => [mode, words.modes[mode]]);
  const feed = choice({
    label: words.feed, options: named(world.modes.feed), send: (mode) => act("/shop/break", { mode }),
  });
  const service = choice({
    label: words.service, options: named(world.modes.weather), send: (mode) => act("/weather/break", { mode }),
  });
  const hook = toggle({ label: words.hook, send: (on) => act("/shop/webhook", { on }) });
  const sensors = toggle({ label: words.sensors, send: (on) => act("/crowd/counting", { on }) });
  const mend = async () => {
    await act("/shop/break", { mode: world.modes.feed[0] });
    await act("/weather/break", { mode: world.modes.weather[0] });
    await act("/shop/webhook", { on: true });
    await act("/crowd/counting", { on: true });
    await act("/shop/reset", {});
  };
  const reset = h("button", { type: "button", className: "btn", onclick: mend }, words.reset);
  return {
    element: panel(words.trouble, feed.row, hook.row, service.row, sensors.row, reset),
    sync(state) {
      feed.set(state.shop.mode);
      hook.set(state.shop.webhook);
      service.set(state.weather.mode);
      sensors.set(state.crowd.counting);
    },
  };
}

/** One journal entry as a sentence, or null for what is not worth one. */
function sentence(entry, world, changedAt) {
  const { say } = words;
  const store = world.stores.find((one) => one.code === entry.store)?.plate ?? "";
  switch (entry.kind) {
    case "call":
      return entry.status === null ? fill(say.noAnswer, entry)
        : fill(say.call, { later: Math.max(0, entry.at_ms - changedAt), status: entry.status });
    case "weather": {
      const hour = entry.rain_until
        && world.weather.skies.find((sky) => sky.place === entry.place)?.rain_until_hour;
      const sky = entry.rain_mm > 0 ? fill(words.rainy, { hour }) : words.dry;
      return fill(say.weather, { name: entry.name, degrees: degrees(entry.temperature_c), sky });
    }
    case "people":
      return fill(say.people, { store, zone: entry.zone_name[lang], inside: entry.inside });
    case "break":
    case "weather-break":
      return fill(say[entry.kind], { mode: words.modes[entry.mode] });
    case "webhook-switch":
      return say[entry.on ? "webhook-on" : "webhook-off"];
    case "counting":
      return say[entry.on ? "counting-on" : "counting-off"];
    default:
      return say[entry.kind]
        ? fill(say[entry.kind], { ...entry, store, price: money(entry.price_minor ?? 0) }) : null;
  }
}

async function read() {
  return (await fetch("/world.json")).json();
}

async function main() {
  let world = await read();
  const panels = [goodsPanel, weatherPanel, peoplePanel, troublePanel].map((build) => build(world));
  const log = h("ol", { className: "log" });
  document.getElementById("controls").append(
    ...panels.map((one) => one.element), panel(words.log, log));
  panels.forEach((one) => one.sync(world));

  const headline = document.getElementById("headline");
  const [first, second] = [headline.querySelector("b"), headline.querySelector("span")];
  let changedAt = 0;
  let pending = 0;
  const sync = async () => {
    pending = 0;
    world = await read();
    panels.forEach((one) => one.sync(world));
  };

  async function follow(entry) {
    const answered = entry.kind === "call" || entry.kind === "push";
    if (entry.kind === "weather") await sync();
    const text = sentence(entry, world, changedAt);
    if (!answered) {
      changedAt = entry.at_ms;
      pending ||= setTimeout(sync, SYNC_AFTER_MS);
    }
    if (!text) return;
    if (answered) second.textContent = text;
    else [first.textContent, second.textContent] = [text, ""];
    log.prepend(h("li", {}, h("time", { className: "num" }, clock(entry.at_ms)), text));
    while (log.children.length > LOG_LINES) log.lastChild.remove();
  }

  document.addEventListener("refused", (event) => {
    second.textContent = event.detail;
    sync();
  });
  new EventSource(`/events?after=${world.last_id}`)
    .addEventListener("message", (event) => follow(JSON.parse(event.data)));
}

main();
