/** The movements of a stage, in milliseconds; every one runs once and then leaves no trace. */

export const SLOT_CHANGE_MS = 1200;
export const FADE_MS = 300;
/** Old figures set behind the horizon. */
export const SET_MS = 230;
/** New figures rise as soon as the old have set: every moment between is one without a price (ms). */
const RISE_MS = SET_MS + 10;
const SKY_TURN_MS = 900;
/** Sky and ground of one slot cross to those of the next. */
const SKY_CROSS_MS = 700;
/** What a turn may choose in place of the brand's motion, and how long it takes (ms); a cut takes no time. */
const CHOSEN = new Map([["fade", 700], ["slide", 700]]);

const SETTING = "cubic-bezier(.5,0,.9,.4)";
const RISING = "cubic-bezier(.12,.8,.2,1)";

/** Animate, keep the first frame before it starts, and drop the effect when it is over. */
function play(node, frames, timing) {
  const animation = node.animate(frames, { fill: "both", ...timing });
  animation.finished.then(() => animation.cancel(), () => {});
  return animation;
}

const fade = (node, from, to, timing) => play(node, [{ opacity: from }, { opacity: to }], timing);

/** The whole of one card gives way to the whole of the next; the one before lies under it until it is there. */
function whole(before, after, chosen, timing) {
  if (chosen !== "slide") return [fade(after.root, 0, 1, timing)];
  const pushed = { ...timing, easing: RISING };
  return [
    before.root.animate([{ translate: "0 0" }, { translate: "-100% 0" }], { fill: "both", ...pushed }),
    play(after.root, [{ translate: "100% 0" }, { translate: "0 0" }], pushed),
  ];
}

/**
 * One scene gives way to the next, ending at `due` on the clock of `performance.now()`; past: it starts at once.
 * `glide` is how far the horizon moves, in pixels; scenes without one pass null.
 */
export function slotChange(before, after, { due, reduced, glide }) {
  const now = performance.now();
  const moves = movesOf(before, after, { endsIn: Math.max(0, due - now), reduced, glide });
  // Left to itself a movement counts from the frame that first has it, by which every screen is late in its own way.
  if (due > now) for (const move of moves) move.startTime = now;
  return moves;
}

/** The movements, the last of which ends `endsIn` ms after they start. */
function movesOf(before, after, { endsIn, reduced, glide }) {
  const chosen = after.view.params.transition;
  if (chosen === "cut") return whole(before, after, chosen, { delay: endsIn, duration: 0 });
  const length = reduced ? FADE_MS : CHOSEN.get(chosen) ?? SLOT_CHANGE_MS;
  const start = Math.max(0, endsIn - length);
  const speed = length / Math.max(FADE_MS, Math.min(length, endsIn || length));
  const at = (delay, duration) => ({ delay: start + delay / speed, duration: duration / speed });
  if (reduced || !before) return whole(before, after, "fade", at(0, FADE_MS));
  if (CHOSEN.has(chosen)) return whole(before, after, chosen, at(0, length));
  // A picture or film from edge to edge has no sky to cross: its own darkness would show between the two.
  if (after.isFull) return whole(before, after, "fade", at(SLOT_CHANGE_MS - SKY_CROSS_MS, SKY_CROSS_MS));
  const moves = [
    { ...at(0, 300), node: before.words, from: 1, to: 0 },
    ...(before.isFull ? [] : [{ ...at(160, 400), node: before.goods, from: 1, to: 0 }]),
    { ...at(160, SKY_CROSS_MS), node: after.backdrop, from: 0, to: 1 },
    { ...at(840, 360), node: after.words, from: 0, to: 1 },
  ].map(({ node, from, to, ...timing }) =>
    // What leaves stays gone until its scene is removed.
    to === 0 ? node.animate([{ opacity: from }, { opacity: to }], { fill: "both", ...timing })
      : fade(node, from, to, timing));
  moves.push(play(after.goods,
    [{ opacity: 0, translate: "0 -2cqmin" }, { opacity: 1, translate: "0 0" }],
    { ...at(520, 520), easing: "ease-out" }));
  if (glide) {
    const turn = at(160, SKY_CROSS_MS);
    moves.push(before.earth.animate([{ translate: "0 0" }, { translate: `0 ${glide}px` }], { fill: "both", ...turn }));
    moves.push(play(after.earth, [{ translate: `0 ${-glide}px` }, { translate: "0 0" }], turn));
  }
  return moves;
}

/** How far an inner element must go down to be wholly behind the lower edge of its fold. */
function depth(fold, inner) {
  return `0 calc(${fold.offsetHeight - inner.offsetTop}px + 2.4cqmin)`;
}

const EDGE = { clipPath: "inset(-20cqmin -20cqmin -.6cqmin)" };

/** While figures move, nothing of them shows below the fold's edge; round figures overshoot it a little. */
function clipped(part, animation) {
  const clip = part.node.animate([EDGE, EDGE], { duration: 1, fill: "both" });
  animation.finished.then(() => clip.cancel(), () => {});
  return animation;
}

/** A part leaves the scene from where it is: figures set, words fade. Resolves when it may be removed. */
export function leave(part, { reduced }) {
  if (part.kind !== "figures" || reduced) {
    const { opacity } = getComputedStyle(part.node);
    return part.node.animate([{ opacity }, { opacity: 0 }], { duration: FADE_MS, fill: "both" }).finished;
  }
  const inner = part.node.firstElementChild;
  const { translate } = getComputedStyle(inner);
  return clipped(part, inner.animate([{ translate }, { translate: depth(part.node, inner) }],
    { duration: SET_MS, easing: SETTING, fill: "both" })).finished;
}

/** A part enters: figures rise after the old ones have set, the lawful lines come last. */
export function enter(part, { reduced, afterFigures }) {
  if (reduced) return fade(part.node, 0, 1, { duration: FADE_MS, delay: afterFigures ? FADE_MS : 0 });
  if (part.kind === "figures") {
    const inner = part.node.firstElementChild;
    return clipped(part, play(inner, [{ translate: depth(part.node, inner) }, { translate: "0 0" }],
      { delay: RISE_MS, duration: 480, easing: RISING }));
  }
  if (!afterFigures) return fade(part.node, 0, 1, { duration: FADE_MS });
  return play(part.node, [{ opacity: 0, translate: "0 1.6cqmin" }, { opacity: 1, translate: "0 0" }],
    { delay: RISE_MS + 240, duration: 320, easing: "ease-out" });
}

/** A line of light crosses the shelf between the old figures and the new. */
export function glow(node) {
  return node.animate(
    [
      { opacity: 0, scale: ".2 1" },
      { opacity: 1, scale: "1 1", offset: 0.3 },
      { opacity: 0, scale: "1 1" },
    ],
    { delay: 120, duration: 800, fill: "both" },
  ).finished;
}

/** The sky turns to another tone in place; the new earth lies over the old one. */
export function turnSky(earth, { reduced }) {
  return fade(earth, 0, 1, { duration: reduced ? FADE_MS : SKY_TURN_MS }).finished;
}
