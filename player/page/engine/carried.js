/**
 * Trusted time over a reload: the service worker outlives the page for a while, and its monotonic clock with it.
 * The page leaves there how far that clock is from the trusted time; the next page asks. A worker that was
 * started anew has nothing to tell, and neither has one whose machine slept.
 */

import { monotonic } from "./clock.js";

const ANSWER_LIMIT_MS = 1_000;
/** Said again this often (ms): it also keeps the worker from being put to rest. */
const KEEP_EVERY_MS = 10_000;

let timer = 0;

/** Leave `now` ({ms, uncertaintyMs}, running on with this page's clock) with the worker; null takes it back. */
export function carry(now) {
  clearInterval(timer);
  const offset = now && now.ms - monotonic();
  const uncertainty = now && now.uncertaintyMs;
  const tell = async () => {
    const asked = await ask();
    const known = now !== null && uncertainty !== null;
    // What the worker keeps is relative to its own clock, read between two of ours.
    const kept = asked && known
      ? { offset: asked.between.middle + offset - asked.at, uncertainty: uncertainty + asked.between.half }
      : null;
    navigator.serviceWorker?.controller?.postMessage({ what: "keep time", kept });
  };
  tell();
  if (now !== null) timer = setInterval(tell, KEEP_EVERY_MS);
}

/** {offset, uncertainty, at} against this page's monotonic clock, null when nobody carried it over. */
export async function askCarried() {
  const asked = await ask();
  if (!asked?.kept) return null;
  const { middle, half } = asked.between;
  const { offset, uncertainty } = asked.kept;
  return { offset: asked.at + offset - middle, uncertainty: uncertainty + half, at: asked.between.received };
}

/** The worker's monotonic clock and what it keeps, null without a worker. */
function ask() {
  const worker = navigator.serviceWorker?.controller;
  if (!worker) return null;
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const sent = monotonic();
    const late = setTimeout(() => {
      port1.close();
      resolve(null);
    }, ANSWER_LIMIT_MS);
    port1.onmessage = ({ data }) => {
      clearTimeout(late);
      // An open port is never forgotten, and this is asked every few seconds for months.
      port1.close();
      const received = monotonic();
      const half = Math.ceil((received - sent) / 2) + 1;
      resolve({ ...data, between: { middle: sent + half, half, received } });
    };
    worker.postMessage({ what: "time" }, [port2]);
  });
}
