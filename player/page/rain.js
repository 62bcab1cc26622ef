/** Rain as one tile that repeats: drawn once, the same on every screen, moved by the compositor. */

const WIDTH = 1900;
const HEIGHT = 1000;
const STREAKS = 112;
/** Lengths and slants of a streak, in tile units; a longer one is nearer. */
const KINDS = [[26, 6], [34, 7], [44, 10], [60, 13]];

/** A small linear congruential sequence in [0, 1): the sky need not be random, only uneven. */
function* uneven(seed) {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

function draw() {
  const next = uneven(20261015);
  const take = () => next.next().value;
  let path = "";
  for (let count = 0; count < STREAKS; count += 1) {
    const [length, slant] = KINDS[Math.floor(take() * KINDS.length)];
    const x = Math.round(take() * WIDTH);
    const y = Math.round(take() * HEIGHT);
    path += `M${x} ${y}l-${slant} ${length}`;
    // A streak that leaves the tile below comes back above, so that the seam never shows.
    if (y + length > HEIGHT) path += `M${x} ${y - HEIGHT}l-${slant} ${length}`;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}">`
    + `<path d="${path}" fill="none" stroke="#fff" stroke-opacity=".5" stroke-width="2.2" stroke-linecap="round"/></svg>`;
}

let tile = null;

/** The tile as a CSS url(). */
export function rainTile() {
  tile ??= `url("data:image/svg+xml,${encodeURIComponent(draw())}")`;
  return tile;
}
