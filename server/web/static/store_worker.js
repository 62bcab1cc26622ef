/**
 * The phone page on a bad line. Pages are asked of the network; where it fails or is slow, the last one kept is
 * shown and marked with its age, so that the page can say so. What somebody sends is never kept nor sent again:
 * where no answer comes, a page says that it is not known whether it was done.
 */

const CACHE = "store-1";
const AWAY = "/phone/away";
const UNSURE = "/phone/unsure";
const LAST = "/phone/last";
const PATIENCE_MS = 5_000;
const OLDEST_MS = 24 * 3_600_000;
const KEPT_AT = "X-Kept-At";

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([AWAY, UNSURE])));
  skipWaiting();
});

addEventListener("activate", (event) => {
  const others = async () => (await caches.keys()).filter((name) => name !== CACHE).map((name) => caches.delete(name));
  event.waitUntil(others().then((gone) => Promise.all(gone)).then(() => clients.claim()));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(request.method === "GET" ? look(event, url) : send(request));
  } else if (request.method === "GET" && /^\/(studio|page\/look)\//.test(url.pathname)) {
    event.respondWith(part(event));
  }
});

/** A page: the network's, or the last one kept, marked. */
async function look(event, url) {
  const asked = fetch(event.request);
  const settled = asked.then((answer) => keep(url, answer));
  event.waitUntil(settled.catch(() => undefined));
  const quick = await soon(asked);
  if (quick) return quick;
  const kept = await last(url);
  if (kept) return kept;
  return asked.catch(() => caches.match(AWAY));
}

/** What somebody does: sent once, by the network alone. */
async function send(request) {
  try {
    return await fetch(request);
  } catch {
    return caches.match(UNSURE);
  }
}

/** A style, a script, a font: the network's, or the last one kept. */
async function part(event) {
  const { request } = event;
  const asked = fetch(request);
  event.waitUntil(asked.then((answer) => keep(new URL(request.url), answer)).catch(() => undefined));
  return (await soon(asked)) ?? (await caches.match(request)) ?? asked;
}

/** An answer that comes in time; nothing where it fails or takes longer. */
function soon(asked) {
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS));
  return Promise.race([asked.catch(() => undefined), late]);
}

/** Keep what was answered; nothing of whoever is signed out. */
async function keep(url, answer) {
  if (answer.status === 401) return forget();
  if (!answer.ok || answer.redirected || answer.type !== "basic") return;
  const body = await answer.clone().blob();
  const headers = new Headers(answer.headers);
  headers.set(KEPT_AT, String(Date.now()));
  const cache = await caches.open(CACHE);
  await cache.put(url.pathname, new Response(body, { status: 200, headers }));
  if (/^\/store\/[^/]+$/.test(url.pathname)) await cache.put(LAST, new Response(body, { status: 200, headers }));
}

/** The page as it last was, which says since when; nothing where there is none or it is too old. */
async function last(url) {
  const kept = (await caches.match(url.pathname)) ?? (url.pathname === "/store" ? await caches.match(LAST) : undefined);
  const at = Number(kept?.headers.get(KEPT_AT));
  if (!at || Date.now() - at > OLDEST_MS) return undefined;
  const page = (await kept.text()).replace('data-kept=""', `data-kept="${at}"`);
  return new Response(page, { headers: kept.headers });
}

async function forget() {
  await caches.delete(CACHE);
  const cache = await caches.open(CACHE);
  await cache.addAll([AWAY, UNSURE]);
}
