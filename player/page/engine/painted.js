/** When a price is really seen: looked at frame by frame, because movements bring it in. */

/** A price that is not seen by then is not awaited any longer (ms). */
const LIMIT_MS = 20_000;
/** Seen: at least so much of its height above its shelf's edge, and at least so opaque. */
const ENOUGH = 0.5;

/**
 * Call `done(true)` after the frame in which a price with this spoken text is first seen under `root`,
 * `done(false)` when that takes too long. Returns a function that gives up.
 */
export function painted(root, text, done) {
  const began = performance.now();
  let frame = 0;
  const look = () => {
    if (performance.now() - began > LIMIT_MS) done(false);
    else if ([...root.querySelectorAll(".price")].some((node) => node.ariaLabel === text && seen(node))) {
      // Seen in this frame, which is drawn after its callbacks: by the next frame's it has been handed over.
      frame = requestAnimationFrame(() => done(true));
    } else frame = requestAnimationFrame(look);
  };
  frame = requestAnimationFrame(look);
  return () => cancelAnimationFrame(frame);
}

function seen(node) {
  if (!node.checkVisibility({ visibilityProperty: true })) return false;
  let opacity = 1;
  for (let above = node; above instanceof Element; above = above.parentElement) opacity *= getComputedStyle(above).opacity;
  if (opacity < ENOUGH) return false;
  const box = node.getBoundingClientRect();
  // A card that slides in waits beside the glass.
  if (box.left + ENOUGH * box.width > node.getRootNode().host.getBoundingClientRect().right) return false;
  const shelf = node.closest(".shelf, .tag");
  if (!shelf) return true;
  return shelf.getBoundingClientRect().bottom - box.top >= ENOUGH * box.height;
}
