/**
 * The page of a screen. Its document says where it stands:
 *
 *   <meta name="enseigne-source" content="direct | agent">   straight from the server, or behind the player agent
 *   <meta name="enseigne-door" content="https://...">        direct: the door's address, this origin when empty
 *   <meta name="enseigne-page" content="...">                the hash of the page's code, reported; see version.js
 *
 * `window.enseigne` is for tests and diagnosis: `state()` says what each zone shows and which prices were seen,
 * `onPaint(listener)` calls back with {zone, sku, text} after the frame in which a price is first seen,
 * `faults()` lists the newest errors, which nobody sees on the screen.
 */

import { Screen } from "./engine/screen.js";
import { watchSleep } from "./engine/clock.js";
import { AgentSource } from "./engine/source_agent.js";
import { DirectSource } from "./engine/source_direct.js";
import { BareSource, lacking } from "./engine/source_bare.js";
import { versionOf, watchVersion } from "./engine/version.js";
import { Told } from "./told.js";

const MOST_FAULTS = 50;
const RETRY_MS = 5_000;
/** What plays is told to the record this often (ms): a power cut loses no more. */
const FLUSH_MS = 10_000;
const API = "/player/v1";

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
const faults = [];

function onFault(error) {
  console.warn(String(error));
  faults.push({ at: Math.round(performance.now()), text: String(error) });
  if (faults.length > MOST_FAULTS) faults.shift();
}

function sourceOf(hooks) {
  if (meta("enseigne-source") === "agent") return new AgentSource(hooks);
  const notice = lacking();
  if (notice) return new BareSource(notice, hooks);
  return new DirectSource({ api: API, doorUrl: meta("enseigne-door") || location.origin, ...hooks });
}

/** Have the service worker keep what this page is made of. */
async function keepPage() {
  const { active } = await navigator.serviceWorker.register("/page/sw.js", { scope: location.pathname })
    .then(() => navigator.serviceWorker.ready);
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const urls = [location.href, ...loaded].filter((url) => {
    const { origin, pathname } = new URL(url);
    return origin === location.origin && (url === location.href || pathname.startsWith("/page/"));
  });
  active.postMessage({ what: "keep files", urls: [...new Set(urls)] });
}

const source = sourceOf({
  onWorld: (world) => {
    display.update(world);
    if (world.device) told.take(world.device);
  },
  onFault,
  playing: () => display.playing,
  page: versionOf(document),
});
const told = new Told();
const display = new Screen(document.querySelector("#screen"), {
  now: () => source.now(),
  assetUrl: (sha) => source.assetUrl(sha),
  played: (play, slot) => source.played(play, slot),
  onFault,
});

window.enseigne = Object.freeze({
  state: () => display.state(),
  onPaint: (listener) => display.onPaint(listener),
  faults: () => faults.slice(),
});

async function start() {
  try {
    await source.start();
  } catch (error) {
    onFault(error);
    setTimeout(start, RETRY_MS);
  }
}

display.update({
  plan: null, offers: new Map(), freshness: { channels: new Map(), sources: new Map() }, held: new Set(), overrides: [],
  pairing: null, notice: null,
});
watchSleep(() => source.slept());
setInterval(() => {
  display.flush();
  source.save(false);
}, FLUSH_MS);
addEventListener("pagehide", () => {
  display.destroy();
  source.save(true);
});
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
start();
watchVersion({ endsIn: () => display.endsIn });
if (meta("enseigne-source") === "direct" && navigator.serviceWorker) keepPage().catch(onFault);
