/**
 * The browser screen's service worker: keeps the page's own files so that a reload without a network still plays,
 * and the trusted time over a reload (engine/carried.js). Files of one visit are kept together or not at all.
 */

const PREFIX = "enseigne-page-";
const NETWORK_LIMIT_MS = 4_000;
/** The monotonic clock may stand still while a machine sleeps: more than this (ms) against the wall clock. */
const SLEEP_MS = 1_500;
const DRIFT_PPM = 100;

let kept = null;

const monotonic = () => Math.floor(performance.now());
const apart = () => Date.now() - performance.now();

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const { what } = event.data;
  if (what === "time") event.ports[0].postMessage({ at: monotonic(), kept: keptNow() });
  else if (what === "keep time") kept = event.data.kept && { ...event.data.kept, since: monotonic(), apart: apart() };
  else if (what === "keep files") event.waitUntil(keepFiles(event.data.urls));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const page = request.mode === "navigate" || url.pathname.startsWith("/page/");
  if (request.method === "GET" && url.origin === self.location.origin && page) event.respondWith(answer(request));
});

function keptNow() {
  if (kept === null || Math.abs(apart() - kept.apart) > SLEEP_MS) return null;
  const drift = Math.ceil(((monotonic() - kept.since) * DRIFT_PPM) / 1_000_000);
  return { offset: kept.offset, uncertainty: kept.uncertainty + drift };
}

/** The network's answer; what was kept when there is none in time, or a server's error. */
async function answer(request) {
  const held = await caches.match(request, { ignoreVary: true, ignoreSearch: request.mode === "navigate" });
  if (!held) return fetch(request);
  try {
    const fresh = await fetch(request, { signal: AbortSignal.timeout(NETWORK_LIMIT_MS) });
    return fresh.status >= 500 ? held : fresh;
  } catch {
    return held;
  }
}

async function keepFiles(urls) {
  const name = PREFIX + Date.now();
  const cache = await caches.open(name);
  try {
    await cache.addAll(urls);
  } catch {
    await caches.delete(name);
    return;
  }
  const before = (await caches.keys()).filter((other) => other.startsWith(PREFIX) && other !== name);
  await Promise.all(before.map((other) => caches.delete(other)));
}
