/** Runs of a browser screen: chained, kept until the server has them, sent as often as it takes. */

import { append, GENESIS, Recorder } from "./runs.js";

/** Runs in one request. */
const AT_ONCE = 200;
/** Without a server for so long that more than this lie here, the oldest go. */
const MOST_RUNS = 20_000;

export class Spool {
  #store;
  #recorder;
  #tail;
  #queue = Promise.resolve();

  constructor(store, tail, recorder) {
    this.#store = store;
    this.#tail = tail;
    this.#recorder = recorder;
  }

  /** Take up the chain; what was open when the page ended is ended where it was last seen. */
  static async open(store) {
    const tail = (await store.value("chain")) ?? { seq: 0, hash: GENESIS };
    const before = new Recorder((await store.value("playing")) ?? {});
    const spool = new Spool(store, tail, new Recorder());
    await spool.#append(before.close());
    return spool;
  }

  /** One turn was shown; see Recorder.saw. Resolves when what it ended is kept. */
  saw(play, slot) {
    const ended = this.#recorder.saw(play, slot);
    return ended.length > 0 ? this.#append(ended) : this.#queue;
  }

  /** Keep what is open too, so that a crash loses only what came after. */
  save() {
    return this.#append([]);
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

  #append(plays) {
    const step = async () => {
      const runs = [];
      let { seq, hash } = this.#tail;
      for (const play of plays) {
        runs.push(await append(seq + 1, hash, play));
        ({ seq, hash } = runs.at(-1));
      }
      const values = { chain: { seq, hash }, playing: this.#recorder.open };
      await this.#store.write({ values, runs, dropRunsTo: Math.max(0, seq - MOST_RUNS) }, { strict: runs.length > 0 });
      this.#tail = { seq, hash };
    };
    this.#queue = this.#queue.catch(() => {}).then(step);
    return this.#queue;
  }
}
