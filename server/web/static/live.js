/**
 * Keeps a page true without a reload: asks the server for it again and takes over what it says anew.
 *
 * Elements with an id and `data-live` are kept: their contents, or with data-live="attributes" their own
 * attributes. A page whose elements are others is loaded anew; an answer from elsewhere (signed out) is followed.
 */

/**
 * @param {() => number} nextInMs how long the page stays true by itself
 * @param {() => void} changed called after each renewal
 */
export function keepLive(nextInMs, changed) {
  let timer = 0;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(renew, nextInMs());
  };
  const renew = async () => {
    if (document.hidden) return;
    try {
      if (await takeOver()) changed();
    } catch {
      // The server is away: the page stays as it is and asks again.
    }
    again();
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else renew();
  });
  again();
}

async function takeOver() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (answer.status === 401) return location.reload();
  if (!answer.ok) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const held = new Map([...document.querySelectorAll("[data-live]")].map((element) => [element.id, element]));
  const newer = [...fresh.querySelectorAll("[data-live]")];
  if (newer.length !== held.size || newer.some(({ id }) => !held.has(id))) return location.reload();
  for (const element of newer) renewOne(held.get(element.id), element);
  return true;
}

function renewOne(held, fresh) {
  if (held.dataset.live === "attributes") {
    for (const { name, value } of fresh.attributes) {
      if (held.getAttribute(name) !== value) held.setAttribute(name, value);
    }
    return;
  }
  const open = [...held.querySelectorAll("details")].map((details) => details.open);
  const mark = fresh.innerHTML;
  if (held.liveMark === undefined ? held.innerHTML === mark : held.liveMark === mark) return;
  held.liveMark = mark;
  const hand = held.contains(document.activeElement) ? purposeOf(document.activeElement) : "";
  held.replaceChildren(...document.importNode(fresh, true).childNodes);
  [...held.querySelectorAll("details")].forEach((details, at) => (details.open = open[at] ?? false));
  if (hand) regain(held, hand);
}

/** What an element is there for: another of the same words may end something else. */
function purposeOf(element) {
  const { localName, textContent, href = "", value = "" } = element;
  return [localName, textContent, href, value, element.closest("form")?.action ?? ""].join("\n");
}

/** The hand stays on what it was on; where that is gone it rests on the page, never on its neighbour. */
function regain(held, hand) {
  const same = [...held.querySelectorAll("a, button, input, select, summary")].find((one) => purposeOf(one) === hand);
  (same ?? document.getElementById("main")).focus({ preventScroll: true });
}
