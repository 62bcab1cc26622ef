/**
 * Text fitting: step the size down, then allow fewer words, so that no text breaks a layout.
 *
 * An element says how it may give way with `data-fit`: "scale/lines" steps, tried in order, as in
 * "1/1 .85/1 .72/2". When the last step is still too big the text is cut with an ellipsis.
 */

const ELLIPSIS = "…";
/** "scale/0": only the width counts and nothing is ever cut; this is how figures are fitted. */
const ANY_LINES = 0;
/** Rounding of layout boxes, in CSS pixels. */
const SLACK_PX = 1.5;

function textNodes(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode);
  return found;
}

/** Number of lines of text and whether one is wider than the box. */
function measure(node) {
  const box = node.getBoundingClientRect();
  const range = document.createRange();
  const middles = [];
  let wide = node.scrollWidth > node.clientWidth + SLACK_PX;
  for (const part of textNodes(node)) {
    if (!part.data.trim()) continue;
    // Only texts: a range over elements would count their boxes as lines.
    range.selectNodeContents(part);
    for (const rect of range.getClientRects()) {
      if (rect.width === 0) continue;
      const middle = rect.top + rect.height / 2;
      if (!middles.some((other) => Math.abs(other - middle) < rect.height * 0.4)) middles.push(middle);
      if (rect.right > box.right + SLACK_PX || rect.left < box.left - SLACK_PX) wide = true;
    }
  }
  return { lines: middles.length, wide };
}

function fits(node, maxLines) {
  if (maxLines === ANY_LINES) return node.scrollWidth <= node.clientWidth + SLACK_PX;
  const { lines, wide } = measure(node);
  return lines <= maxLines && !wide;
}

/** Keep the first `count` characters of the element's texts and end them with an ellipsis. */
function keep(whole, count) {
  let left = count;
  for (const [node, data] of whole) {
    const last = left > 0 && left <= data.length;
    node.data = last ? data.slice(0, left).replace(/[\s,;:.]+$/, "") + ELLIPSIS : data.slice(0, Math.max(0, left));
    left -= data.length;
  }
}

function cut(node, whole, maxLines) {
  let low = 1;
  let high = whole.reduce((sum, [, data]) => sum + data.length, 0);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    keep(whole, middle);
    if (fits(node, maxLines)) low = middle;
    else high = middle - 1;
  }
  keep(whole, low);
}

/** The steps for the screen's shape: an upright screen may have its own. */
function stepsOf(node) {
  const { fit, fitTall } = node.dataset;
  const screen = node.closest(".screen");
  return (fitTall && screen.clientHeight >= screen.clientWidth ? fitTall : fit).split(" ");
}

/** Fit one element; the uncut text is kept so that a change of shape can start again. */
function fitOne(node) {
  if (node.fitWhole) for (const [part, data] of node.fitWhole) part.data = data;
  else node.fitWhole = textNodes(node).map((part) => [part, part.data]);
  node.style.overflowWrap = "";
  let maxLines = 1;
  for (const step of stepsOf(node)) {
    const [scale, count] = step.split("/").map(Number);
    maxLines = count;
    node.style.setProperty("--fit", String(scale));
    if (fits(node, maxLines)) return;
  }
  if (maxLines === ANY_LINES) return;
  node.style.overflowWrap = "anywhere";
  if (!fits(node, maxLines)) cut(node, node.fitWhole, maxLines);
}

/** Fit everything under a node that asks for it. The node must be laid out. */
export function fitAll(root) {
  const asking = [...root.querySelectorAll("[data-fit]")];
  if (root.dataset?.fit) asking.push(root);
  for (const node of asking) if (node.clientWidth || node.offsetWidth) fitOne(node);
}
