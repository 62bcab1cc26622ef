/** Plays a film in step with the wall: its position is the time since the slot began. */

/** A position off by more than this (ms) is corrected by seeking. */
const DRIFT_LIMIT_MS = 150;
/** Seeking again before this long (ms) would only stutter. */
const SETTLE_MS = 1500;

/** The films that may be heard; they play in shadow roots, out of which no event of theirs comes. */
const films = new Set();
let loudness = null;

/** How loud every film is from now on, in percent; null: as it was, which is muted at first. */
export function setLoudness(percent) {
  loudness = percent;
  for (const film of films) film.sound();
}

export class Film {
  #video;
  #startsAt;
  #timer = 0;
  #soughtAt = -Infinity;
  #hushed = false;

  /** @param {number} startsAt when its first frame is due, on the clock of `performance.now()` */
  constructor(video, startsAt) {
    this.#video = video;
    films.add(this);
    video.addEventListener("play", () => this.sound());
    this.align(startsAt);
  }

  get video() {
    return this.#video;
  }

  /** Films begin muted, which is always allowed; where none may be heard untouched, it goes on in silence. */
  sound() {
    if (loudness === null || this.#hushed) return;
    const { paused } = this.#video;
    this.#video.volume = loudness / 100;
    this.#video.muted = loudness === 0;
    if (paused || !this.#video.paused) return;
    this.#hushed = true;
    this.#video.muted = true;
    this.#video.play().catch(() => {});
  }

  /** Start now, wait for the start, or seek to where the film should be. */
  align(startsAt) {
    this.#startsAt = startsAt;
    clearTimeout(this.#timer);
    const wait = startsAt - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => this.align(startsAt), wait);
      return;
    }
    const due = -wait;
    const length = this.#video.duration * 1000;
    if (Number.isFinite(length) && due >= length) {
      this.#seek(Math.max(0, length - 40));
      return;
    }
    const off = Math.abs(this.#video.currentTime * 1000 - due);
    if (off > DRIFT_LIMIT_MS && performance.now() - this.#soughtAt > SETTLE_MS) this.#seek(due);
    // Muted films may always start; one that cannot holds its first frame.
    if (this.#video.paused) this.#video.play().catch(() => {});
    if (off > DRIFT_LIMIT_MS) this.#timer = setTimeout(() => this.align(this.#startsAt), SETTLE_MS + 100);
  }

  #seek(positionMs) {
    this.#soughtAt = performance.now();
    this.#video.currentTime = positionMs / 1000;
  }

  stop() {
    films.delete(this);
    clearTimeout(this.#timer);
    this.#video.pause();
    this.#video.removeAttribute("src");
    this.#video.load();
  }
}
