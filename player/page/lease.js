/**
 * A price's lease: the layer is gone by its deadline even if the main thread hangs.
 *
 * Two animations are armed on the layer. The one on opacity runs on the compositor; it starts at
 * an absolute time of the document's timeline and steps to nothing in a single frame, so a busy
 * script can neither delay it nor leave a half-faded figure. The one on visibility runs on the
 * main thread and also takes the layer away from assistive technology and hit testing.
 */

/** Frames composed before the deadline may still be on their way to the glass: stop this early (ms). */
export const PRESENT_MARGIN_MS = 50;
/** A renewal that moves the end later by less than this (ms) is left for the next one. */
const LATER_TOLERANCE_MS = 250;
/** Clock rounding: an end earlier by no more than this (ms) is the same end. */
const EARLIER_TOLERANCE_MS = 4;
/** How long the hidden phase stays an active animation, so that hiding never hangs on its end (ms). */
const HOLD_MS = 600_000;

const HIDE_OPACITY = [{ opacity: 1, easing: "step-start" }, { opacity: 0 }];
const HIDE_VISIBILITY = [
  { visibility: "visible", easing: "step-start" },
  { visibility: "hidden" },
];

export class Lease {
  #layer;
  #deadline = Infinity;
  #armed = [];

  /** @param {HTMLElement} layer the element that holds everything the price says */
  constructor(layer, deadline) {
    this.#layer = layer;
    this.renew(deadline);
  }

  /** When the layer will be gone, on the clock of `performance.now()`. */
  get deadline() {
    return this.#deadline;
  }

  /** Move the end. The new animations are armed before the old ones go, in one frame. */
  renew(deadline) {
    const shift = deadline - this.#deadline;
    if (this.#armed.length && shift > -EARLIER_TOLERANCE_MS && shift < LATER_TOLERANCE_MS) return;
    const before = this.#armed;
    this.#deadline = deadline;
    this.#armed = [HIDE_OPACITY, HIDE_VISIBILITY].map((frames) => this.#arm(frames, deadline));
    for (const animation of before) animation.cancel();
  }

  #arm(frames, deadline) {
    const delay = Math.max(0, deadline - PRESENT_MARGIN_MS);
    const animation = this.#layer.animate(frames, { delay, duration: HOLD_MS, fill: "both" });
    // The timeline shares its origin with performance.now(): no time is lost before the first frame.
    animation.startTime = 0;
    return animation;
  }

  /** Forget the animations; only for a layer that leaves the page. */
  end() {
    for (const animation of this.#armed) animation.cancel();
    this.#armed = [];
  }
}
