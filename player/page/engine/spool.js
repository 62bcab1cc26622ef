/** Runs of a browser screen: chained, kept until the server has them, sent as often as it takes. */

import { append, GENESIS, Recorder } from "./runs.js";

/** Runs in one request. */
const AT_ONCE = 200;
/** Without a server for so long that more than this lie here, the oldest go. */
const MOST_RUNS = 20_000;

export class Spool {
  #store;
  #recorder = new Recorder();
  #tail;
  #ended;
  #queue = Promise.resolve();

  constructor(store, tail, ended) {
    this.#store = store;
    this.#tail = tail;
    this.#ended = ended;
  }

  /** Take up the chain; what was open when the page ended is ended where it was last seen. */
  static async open(store) {
    const tail = (await store.value("chain")) ?? { seq: 0, hash: GENESIS };
    const { ended = [], ...open } = (await store.value("playing")) ?? {};
    const spool = new Spool(store, tail, [...ended, ...new Recorder(open).close()]);
    await spool.#append();
    return spool;
  }

  /** One turn, or a part of it, was shown; see Recorder.saw. Resolves when what it ended is kept. */
  saw(play, slot) {
    const ended = this.#recorder.saw(play, slot);
    this.#ended.push(...ended);
    return ended.length > 0 ? this.#append() : this.#queue;
  }

  /** Keep what is open too, so that a crash loses only what came after. */
  save() {
    return this.#store.write({ values: this.#kept() });
  }

  /** Send what waits: `post(runs)` gives the highest number that the server has. */
  async send(post) {
    for (;;) {
      const runs = await this.#store.runs(AT_ONCE);
      if (runs.length === 0) return;
      const acked = await post(runs);
      if (!(acked >= runs[0].seq)) return;
      await this.#store.write({ dropRunsTo: Math.min(acked, runs.at(-1).seq) });
    }
  }

  /** Chain what ended, one after another. */
  #append() {
    this.#queue = this.#queue.catch(() => {}).then(async () => {
      while (this.#ended.length > 0) await this.#first();
    });
    return this.#queue;
  }

  async #first() {
    const before = this.#tail;
    const play = this.#ended[0];
    const run = await append(before.seq + 1, before.hash, play);
    // From here to the write nothing waits: `save` never sees a play both ended and chained.
    this.#ended.shift();
    this.#tail = { seq: run.seq, hash: run.hash };
    const dropRunsTo = Math.max(0, run.seq - MOST_RUNS);
    try {
      await this.#store.write({ values: this.#kept(), runs: [run], dropRunsTo }, { strict: true });
    } catch (error) {
      this.#ended.unshift(play);
      this.#tail = before;
      throw error;
    }
  }

  #kept() {
    return { chain: this.#tail, playing: { ...this.#recorder.open, ended: [...this.#ended] } };
  }
}
