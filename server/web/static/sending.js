/**
 * Files on their way: each is sent in pieces (tus), goes on by itself after a break, and waits
 * where the session is over. What is refused says why beside its name.
 */

const AT_ONCE = 3;
const PIECE_BYTES = 4 * 1024 * 1024;
const RETRIES_MS = [0, 1000, 3000, 6000, 12_000, 30_000, 60_000, 60_000, 60_000];
const MB = 1024 * 1024;
const { lang } = document.documentElement;

let csrf = document.body.dataset.csrf;

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
}

function element(tag, text, name) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

/** The list of files on their way. `told` speaks, `home` takes the focus where a line goes. */
export class Way {
  constructor(list, told, home, onArrived = () => {}) {
    Object.assign(this, { list, told, home, onArrived });
    this.said = JSON.parse(list.dataset.spoken);
    this.waiting = [];
    this.running = 0;
    addEventListener("beforeunload", (event) => {
      if (this.running || this.waiting.length) event.preventDefault();
    });
  }

  /** Send files; for each a promise of the sha256 under which it is kept, "" where it was left out. */
  take(files) {
    return [...files].map((file) => new Promise((resolve) => this.queue(new Sending(this, file, resolve))));
  }

  queue(sending) {
    this.waiting.push(sending);
    this.#next();
  }

  done() {
    this.running -= 1;
    this.#next();
  }

  megabytes(bytes) {
    const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 }).format(bytes / MB);
    return `${number}\u00a0${this.said.mb}`;
  }

  #next() {
    while (this.running < AT_ONCE && this.waiting.length) {
      this.running += 1;
      this.waiting.shift().start();
    }
  }
}

/** A file's line: its name, how far it is, what happens, what can be done. */
class Line {
  constructor(way, file) {
    this.way = way;
    this.file = file;
    this.root = document.createElement("li");
    const name = document.createElement("b");
    name.append(element("bdi", file.name));
    this.bar = document.createElement("progress");
    this.bar.max = file.size || 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", file.name);
    this.why = element("p", way.said.waits, "why");
    this.doing = element("div", "", "doing");
    this.root.append(name, this.bar, this.why, this.doing);
    way.list.append(this.root);
  }

  say(text, state = "") {
    this.why.textContent = text;
    this.root.className = state;
    if (state) this.way.told.textContent = `${this.file.name}: ${text}`;
  }

  offer(...acts) {
    const held = this.doing.contains(document.activeElement);
    this.doing.replaceChildren(
      ...acts.map(([title, act]) => {
        const button = element("button", title, "quiet");
        button.type = "button";
        button.setAttribute("aria-label", `${title}: ${this.file.name}`);
        button.addEventListener("click", act);
        return button;
      }),
    );
    if (held) this.doing.querySelector("button").focus();
  }

  /** Nothing is left to do but to look at what arrived. */
  arrived(link) {
    const held = this.doing.contains(document.activeElement);
    this.doing.replaceChildren();
    if (link) this.why.replaceChildren(link);
    if (held) (link ?? this.way.home()).focus();
  }
}

class Sending {
  constructor(way, file, resolve) {
    this.way = way;
    this.said = way.said;
    this.resolve = resolve;
    this.line = new Line(way, file);
    this.asset = "";
    this.upload = new tus.Upload(file, {
      endpoint: "/uploads",
      chunkSize: PIECE_BYTES,
      retryDelays: RETRIES_MS,
      metadata: { filename: file.name },
      removeFingerprintOnSuccess: true,
      onBeforeRequest: (request) => request.setHeader("X-CSRF-Token", csrf),
      onAfterResponse: (_request, answer) => {
        this.asset = answer.getHeader("Enseigne-Asset") ?? this.asset;
      },
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        const again = status === 0 || status === 409 || status === 423 || status >= 500;
        if (again) this.line.say(fill(this.said.broken, { part: way.megabytes(this.line.bar.value) }));
        return again;
      },
      onProgress: (sent, whole) => this.#progress(sent, whole),
      onSuccess: () => this.#arrived(),
      onError: (error) => this.#failed(error),
    });
    this.line.offer([this.said.stop, () => this.#leave()]);
  }

  async start() {
    const before = await this.upload.findPreviousUploads().catch(() => []);
    if (before.length) this.upload.resumeFromPreviousUpload(before[0]);
    this.upload.start();
  }

  #progress(sent, whole) {
    this.line.bar.value = sent;
    const text = { part: this.way.megabytes(sent), whole: this.way.megabytes(whole) };
    this.line.say(sent < whole ? fill(this.said.sends, text) : this.said.looks);
  }

  #arrived() {
    this.line.bar.value = this.line.bar.max;
    this.line.say(this.said.here, "isdone");
    const link = this.asset ? element("a", this.said.here, "ph") : null;
    if (link) link.href = `/media/file/${this.asset}`;
    this.line.arrived(link);
    this.way.done();
    this.resolve(this.asset);
    this.way.onArrived();
  }

  #failed(error) {
    const answer = error.originalResponse;
    const status = answer?.getStatus() ?? 0;
    let problem = {};
    try {
      problem = JSON.parse(answer?.getBody() || "{}");
    } catch {
      // Not one of our answers: what is said of any failure is said of it.
    }
    const signedOut = status === 401 || problem.code === "csrf";
    if (signedOut || !problem.code) {
      this.line.say(signedOut ? this.said.out : this.said.failed, "isbad");
      this.line.offer([this.said.on, () => this.#again()], [this.said.stop, () => this.#leave()]);
    } else {
      this.line.say(problem.said?.[lang] ?? problem.title, "isbad");
      this.line.offer([this.said.stop, () => this.#leave()]);
      this.over = true;
      this.resolve("");
    }
    this.way.done();
  }

  /** Go on where it ended, with the word of the session that there is now. */
  async #again() {
    const answer = await fetch("/media/again").catch(() => null);
    if (!answer?.ok) {
      this.line.say(this.said.out, "isbad");
      return;
    }
    csrf = (await answer.json()).csrf;
    document.body.dataset.csrf = csrf;
    this.line.say(this.said.waits);
    this.line.offer([this.said.stop, () => this.#leave()]);
    this.way.queue(this);
  }

  #leave() {
    const { waiting } = this.way;
    const place = waiting.indexOf(this);
    if (place >= 0) waiting.splice(place, 1);
    const busy = place < 0 && this.line.root.className === "";
    this.upload.abort(!this.over).catch(() => {});
    this.line.root.remove();
    if (busy) this.way.done();
    this.resolve("");
    this.way.home().focus();
  }
}

/** Take files that are dragged in from the desktop: `over` is told where they are, null where they left. */
export function dropped(over, drop) {
  const files = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    over(event);
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) over(null);
  });
  addEventListener("drop", (event) => {
    over(null);
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    drop(event);
  });
}
