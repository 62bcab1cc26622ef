/**
 * The product's own Screen with a clock of its own, for tests/bench/day.py: it runs at its natural pace around every
 * change of a slot and leaps over the long rest of it. `begin` builds it in a hurry, `calm` ends that, `look` hands over
 * what was noted since.
 */

const root = "/player/page/engine/";
const [{ Screen }, manifest, offers] = await Promise.all(
  ["screen.js", "manifest.js", "offers.js"].map((name) => import(root + name)),
);

/** A slot plays so long (ms) after it began before the clock leaps, and the clock leaps to so long before its end. */
const CALM = { afterMs: 800, beforeMs: 3_500 };
const HURRIED = { afterMs: 100, beforeMs: 300 };
/** Frames are looked at from so long before a change's end to so long after (ms). */
const WINDOW = [1_500, 500];
const LEASE_MS = 4 * 3_600_000;

export function begin({ plan, files, from, offer }) {
  const bytes = (value) => new TextEncoder().encode(JSON.stringify(value));
  const decoded = {
    revision: 1, address: "a".repeat(64), expiresAt: Number.MAX_SAFE_INTEGER,
    manifest: manifest.decodeManifest(bytes(plan.manifest)),
    cards: manifest.decodeDeck(bytes(plan.deck)),
    chunks: new Map(Object.entries(plan.chunks).map(([sha, chunk]) => [sha, manifest.decodeChunk(bytes(chunk))])),
  };
  let offset = from - performance.now();
  const now = () => ({ ms: Math.floor(performance.now() + offset), uncertaintyMs: 0 });
  const faults = [];
  const gaps = [];
  let prices = 0;
  const host = Object.assign(document.createElement("div"), { id: "screen" });
  document.body.replaceChildren(host);
  host.style.cssText = "position:absolute;inset:0";
  const screen = new Screen(host, {
    now, assetUrl: (sha) => files[sha] ?? null, onFault: (error) => faults.push(String(error?.stack ?? error)),
  });
  screen.onPaint(() => { prices += 1; });
  const show = () => {
    const asOf = now().ms - 60_000;
    screen.update({
      plan: decoded, held: new Set(Object.keys(files)), overrides: [], pairing: null, notice: null,
      offers: new Map([["shop@lille", offers.channelState(1, [offer], [asOf, LEASE_MS])]]),
      freshness: offers.decodeFreshness({ channels: { "shop@lille": [1, asOf, LEASE_MS] }, sources: {} }),
    });
  };
  show();

  let changes = 0;
  let slot = null;
  let last = performance.now();
  let worst = 0;
  let due = Infinity;
  let kind = "";
  let pace = HURRIED;
  const frame = (at) => {
    const playing = screen.state().zones.main;
    const time = now().ms;
    const near = at > due - WINDOW[0] && at < due + WINDOW[1];
    if (near) worst = Math.max(worst, at - last);
    else if (at >= due + WINDOW[1]) {
      gaps.push({ from: performance.timeOrigin + due - WINDOW[0], until: performance.timeOrigin + due + WINDOW[1], worst, to: kind });
      worst = 0;
      due = Infinity;
    }
    last = at;
    if (playing && playing.since !== slot) {
      slot = playing.since;
      changes += 1;
      kind = `${playing.template}_${decoded.cards.get(playing.card)?.params.transition ?? "fade"}`;
    }
    const { afterMs, beforeMs } = pace;
    if (playing && slot !== null && time - slot > afterMs && playing.until - time > beforeMs + afterMs && due === Infinity) {
      offset += playing.until - time - beforeMs;
      show();
    }
    if (playing && pace === CALM && due === Infinity && playing.until - now().ms <= beforeMs && playing.until > now().ms) {
      due = performance.now() + playing.until - now().ms;
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);

  window.changes = () => changes;
  window.calm = () => {
    if (screen.state().zones.main?.template !== "image") return false;
    [pace, changes, prices] = [CALM, 0, 0];
    return true;
  };
  window.look = () => ({
    now: now().ms, changes, prices, faults: faults.splice(0), gaps: gaps.splice(0), state: screen.state().zones.main,
  });
}
