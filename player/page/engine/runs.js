/**
 * Proof of play, the twin of playlists/runs.py: turns of a zone become runs, each chained to the one before.
 *
 * A play is {zone, head, manifest, from, until, card, offers, because, slot?} in wire form. As planned
 * (`because` empty, `card` null) it covers every turn of the head's loops with these offers; else it is an
 * exception, laid over the plan: all its turns of `slot` showed `card` (null: the slate) for these reasons.
 */

import { sha256 } from "./jws.js";

/** What a screen's first run is chained to. */
export const GENESIS = "0".repeat(64);

const utf8 = new TextEncoder();

/** Chain a play as run `seq` after the run whose hash is `prev`. */
export async function append(seq, prev, play) {
  const body = { seq, prev, ...play };
  return { ...body, hash: await sha256(utf8.encode(canonical(body))) };
}

/** The one text of a JSON value without fractions: keys sorted by code point, no spaces. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort(byCodePoint).map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(",")}}`;
}

function byCodePoint(a, b) {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((letter, index) => letter !== right[index]);
  if (at < 0) return left.length - right.length;
  return right[at] === undefined ? 1 : left[at].codePointAt(0) - right[at].codePointAt(0);
}

/** The plays still open, so that equal loops one after another become one run. */
export class Recorder {
  #planned;
  #exceptions;

  /** @param open what `open` gave before a restart */
  constructor({ planned = [], exceptions = [] } = {}) {
    this.#planned = new Map(planned);
    this.#exceptions = new Map(exceptions);
  }

  /** Plays still open, as plain JSON. */
  get open() {
    return { planned: [...this.#planned], exceptions: [...this.#exceptions] };
  }

  /** One turn of `slot` ([layer, source, item] or null) as it was shown; the plays that it ends, oldest first. */
  saw(play, slot) {
    const { card: _card, because: _because, slot: _slot, ...rest } = play;
    const plan = { ...rest, card: null, because: [] };
    const before = this.#planned.get(play.zone);
    const goesOn = before !== undefined && causeOf(before) === causeOf(plan) && before.until === play.from;
    const ended = goesOn ? [] : this.#closeZone(play.zone);
    this.#planned.set(play.zone, goesOn ? { ...before, until: play.until } : plan);
    return [...ended, ...this.#except(play, slot)];
  }

  /** End everything that is open; the plays, oldest first. */
  close() {
    const plays = inOrder([...this.#planned.values(), ...this.#exceptions.values()]);
    this.#planned.clear();
    this.#exceptions.clear();
    return plays;
  }

  #closeZone(zone) {
    const ended = [];
    for (const table of [this.#planned, this.#exceptions]) {
      for (const [key, play] of table) {
        if (play.zone !== zone) continue;
        table.delete(key);
        ended.push(play);
      }
    }
    return inOrder(ended);
  }

  #except(play, slot) {
    const key = JSON.stringify([play.zone, slot]);
    const before = this.#exceptions.get(key);
    this.#exceptions.delete(key);
    const over = before === undefined ? [] : [before];
    if (play.because.length === 0) return over;
    const now = slot === null ? play : { ...play, slot };
    if (before !== undefined && causeOf(before) === causeOf(now)) {
      this.#exceptions.set(key, { ...before, until: now.until });
      return [];
    }
    this.#exceptions.set(key, now);
    return over;
  }
}

/** What two stretches must share to be one run. */
function causeOf({ from: _from, until: _until, ...cause }) {
  return canonical(cause);
}

function inOrder(plays) {
  return plays.sort((a, b) => a.from - b.from || Number(Boolean(a.slot)) - Number(Boolean(b.slot)));
}
