/** Small makers of elements; text only ever goes in as text. */

const SVG = "http://www.w3.org/2000/svg";

/** Longest text a field puts on screen, in UTF-16 units; fitting cuts further. */
const TEXT_LIMIT = 320;

const BOUND = "\u00a0";

/** A field's text: a string of bounded length with single spaces, or "" when there is none. */
export function text(value) {
  if (value === null || value === undefined) return "";
  return bound(String(value).slice(0, TEXT_LIMIT).replace(/[ \t\r\n]+/g, " ").trim());
}

/** No line begins with "?" or "30" of "9 h 30", however it was typed. */
function bound(words) {
  return words.replace(/ (?=[?!:;»%€])/g, BOUND).replace(/« /g, `«${BOUND}`)
    .replace(/(\d) (?=(?:h|min|km|cm|mm|m|kg|g|ml|cl|l|L)\b)/g, `$1${BOUND}`).replace(/(\d\u00a0?h) (?=\d\d\b)/g, `$1${BOUND}`);
}

/** An element with a class; children are elements or strings, null ones are left out. */
export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** An inline drawing: shapes are [tag, attributes]; hidden from assistive technology. */
export function drawing(viewBox, className, shapes) {
  const root = document.createElementNS(SVG, "svg");
  root.setAttribute("viewBox", viewBox);
  root.setAttribute("aria-hidden", "true");
  if (className) root.setAttribute("class", className);
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    root.append(shape);
  }
  return root;
}

/** A picture that decodes before it is shown; its address is never taken from markup. */
export function picture(url, className, alt = "") {
  const image = el("img", className);
  image.decoding = "sync";
  image.alt = alt;
  image.src = url;
  return image;
}

/** A CSS url() of an absolute address, safe inside a custom property. */
export function cssUrl(url) {
  return `url(${JSON.stringify(new URL(url, document.baseURI).href)})`;
}

/** Lines of a field in which "|" breaks the line. */
export function lines(value) {
  return text(value).split("|").map((line) => line.trim()).filter(Boolean);
}
