/** The last fallback: what a screen shows when there is nothing else to show, and how it moves. */

const STEP_MS = 60_000;
/** Steps from one edge of the horizon to the other. */
const STEPS = 24;

/**
 * Where the walker is at a wall-clock time (unix ms): `way` from 0 (left) to 1 (right) and which way
 * it faces. A function of the time only, so two screens walk in step and nothing is remembered.
 */
export function stride(now) {
  const step = Math.floor(now / STEP_MS) % (2 * STEPS);
  const outward = step < STEPS;
  return { way: (outward ? step : 2 * STEPS - step) / STEPS, face: outward ? 1 : -1 };
}

/** A slate view; a brand that is not known yet leaves only the night and a passer-by. */
export function slateView(brand = null, lang = "fr") {
  return {
    key: "slate",
    template: "slate",
    lang,
    params: {},
    goods: [],
    qr: null,
    brand: { name: "", slogan: "", mark: null, mascot: null, skyline: null, ...brand },
  };
}
