/** Pictures and films are decoded before anyone sees them, or are left out. */

/** A picture or film that is not decoded by then is left out rather than awaited (ms). */
export const DECODE_LIMIT_MS = 8_000;
/** A family of type that is not there by then is done without: the system's says the same (ms). */
export const FACE_LIMIT_MS = 3_000;

/** Wait for a promise, but not for ever. */
export function within(promise, limit) {
  let timer = 0;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("not ready in time")), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function filmReady(video) {
  if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) return Promise.resolve();
  return new Promise((resolve, reject) => {
    video.addEventListener("loadeddata", resolve, { once: true });
    video.addEventListener("error", reject, { once: true });
  });
}

async function decoded(node) {
  try {
    if (node instanceof HTMLVideoElement) return await within(filmReady(node), DECODE_LIMIT_MS);
    await within(node.decode(), DECODE_LIMIT_MS);
    const ratio = node.naturalWidth / node.naturalHeight;
    if (Number.isFinite(ratio)) node.closest(".good")?.style.setProperty("--ratio", ratio.toFixed(4));
  } catch {
    // Nothing half-loaded is ever shown: what does not decode is not there.
    (node.closest(".good") ?? node).remove();
  }
  return undefined;
}

/** Decode all that is under a node; what does not decode is removed. */
export const decodeAll = (root) => Promise.all([...root.querySelectorAll("img, video")].map(decoded));

/** A film that nobody will see gives its decoder back at once. */
export function release(root) {
  for (const video of root.querySelectorAll("video[src]")) {
    video.removeAttribute("src");
    video.load();
  }
}
