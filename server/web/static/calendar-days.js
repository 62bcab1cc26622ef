/** The days of the calendar by their columns: which one lies under a pointer, and how an end of a campaign is said. */

const DAY_MS = 86_400_000;

export class Days {
  constructor(cal) {
    this.cal = cal;
    this.heads = [...cal.querySelectorAll("[data-day]")];
    this.heard = document.getElementById("heard");
    this.ghost = cal.querySelector(".ghost");
  }

  /** The place of the day under x; the nearest one beyond the edges. */
  at(x) {
    const found = this.heads.findIndex((one) => one.getBoundingClientRect().right >= x);
    return found < 0 ? this.heads.length - 1 : found;
  }

  /** How wide a day is. */
  get wide() {
    const [first, last] = [this.heads[0], this.heads.at(-1)].map((one) => one.getBoundingClientRect());
    return (last.right - first.left) / this.heads.length;
  }

  get left() {
    return this.heads[0].getBoundingClientRect().left;
  }

  /** A day in words; as it is written where it lies outside the window. */
  said(iso) {
    return iso ? (this.heads.find((one) => one.dataset.day === iso)?.dataset.said ?? iso) : this.cal.dataset.open;
  }

  /** Say a sentence of the page aloud, its {names} filled in. */
  say(sentence, names) {
    this.heard.textContent = sentence.replace(/\{(\w+)\}/g, (_, name) => names[name]);
  }

  /** Draw over some days, or nothing. */
  show(first, last) {
    this.ghost.hidden = false;
    this.ghost.firstElementChild.style.gridColumn = `${first + 2} / ${last + 3}`;
  }

  hide() {
    this.ghost.hidden = true;
  }
}

/** An ISO day so many days later. */
export function later(iso, days) {
  return iso && new Date(Date.parse(`${iso}T00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
