/**
 * Files on their way: each is sent in pieces (tus), goes on by itself after a break, and waits
 * where the session is over. What is refused says why beside its name.
 */

const AT_ONCE = 3;
const PIECE_BYTES = 4 * 1024 * 1024;
const RETRIES_MS = [0, 1000, 3000, 6000, 12_000, 30_000, 60_000, 60_000, 60_000];
const MB = 1024 * 1024;

const drop = document.querySelector("#drop");
const list = document.querySelector("#way");
const told = document.querySelector("#told");
const input = drop.querySelector("input[type=file]");
const said = JSON.parse(drop.dataset.spoken);
const lang = drop.dataset.lang;
const waiting = [];
let running = 0;
let csrf = document.body.dataset.csrf;

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
}

function megabytes(bytes) {
  const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 }).format(bytes / MB);
  return `${number}\u00a0${said.mb}`;
}

function element(tag, text, name) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

/** A file's line: its name, how far it is, what happens, what can be done. */
class Line {
  constructor(file) {
    this.file = file;
    this.root = document.createElement("li");
    const name = document.createElement("b");
    name.append(element("bdi", file.name));
    this.bar = document.createElement("progress");
    this.bar.max = file.size || 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", file.name);
    this.why = element("p", said.waits, "why");
    this.doing = element("div", "", "doing");
    this.root.append(name, this.bar, this.why, this.doing);
    list.append(this.root);
  }

  say(text, state = "") {
    this.why.textContent = text;
    this.root.className = state;
    if (state) told.textContent = `${this.file.name}: ${text}`;
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
    if (held) (link ?? input).focus();
  }
}

class Sending {
  constructor(file) {
    this.line = new Line(file);
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
        if (again) this.line.say(fill(said.broken, { part: megabytes(this.line.bar.value) }));
        return again;
      },
      onProgress: (sent, whole) => this.#progress(sent, whole),
      onSuccess: () => this.#arrived(),
      onError: (error) => this.#failed(error),
    });
    this.line.offer([said.stop, () => this.#leave()]);
  }

  async start() {
    running += 1;
    const before = await this.upload.findPreviousUploads().catch(() => []);
    if (before.length) this.upload.resumeFromPreviousUpload(before[0]);
    this.upload.start();
  }

  #progress(sent, whole) {
    this.line.bar.value = sent;
    const text = { part: megabytes(sent), whole: megabytes(whole) };
    this.line.say(sent < whole ? fill(said.sends, text) : said.looks);
  }

  #arrived() {
    this.line.bar.value = this.line.bar.max;
    this.line.say(said.here, "isdone");
    const link = this.asset ? element("a", said.here, "ph") : null;
    if (link) link.href = `/media/file/${this.asset}`;
    this.line.arrived(link);
    done();
    refresh();
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
      this.line.say(signedOut ? said.out : said.failed, "isbad");
      this.line.offer([said.on, () => this.#again()], [said.stop, () => this.#leave()]);
    } else {
      this.line.say(problem.said?.[lang] ?? problem.title, "isbad");
      this.line.offer([said.stop, () => this.#leave()]);
      this.over = true;
    }
    done();
  }

  /** Go on where it ended, with the word of the session that there is now. */
  async #again() {
    const answer = await fetch("/media/again").catch(() => null);
    if (!answer?.ok) {
      this.line.say(said.out, "isbad");
      return;
    }
    csrf = (await answer.json()).csrf;
    this.line.say(said.waits);
    this.line.offer([said.stop, () => this.#leave()]);
    queue(this);
  }

  #leave() {
    const place = waiting.indexOf(this);
    if (place >= 0) waiting.splice(place, 1);
    const busy = place < 0 && this.line.root.className === "";
    this.upload.abort(!this.over).catch(() => {});
    this.line.root.remove();
    if (busy) done();
    input.focus();
  }
}

function queue(sending) {
  waiting.push(sending);
  next();
}

function next() {
  while (running < AT_ONCE && waiting.length) waiting.shift().start();
}

function done() {
  running -= 1;
  next();
}

function take(files) {
  for (const file of files) queue(new Sending(file));
}

let asked = 0;

/** Show what arrived among the files, unless something newer was asked meanwhile. */
async function refresh() {
  asked += 1;
  const mine = asked;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || mine !== asked) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const { href } = document.activeElement;
  for (const part of ["#shelf", "#headline", ".tabs"]) {
    document.querySelector(part).replaceWith(fresh.querySelector(part));
  }
  if (href && document.activeElement === document.body) [...document.links].find((link) => link.href === href)?.focus();
}

drop.classList.add("lively");
input.addEventListener("change", () => {
  take(input.files);
  input.value = "";
});
addEventListener("dragover", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  drop.classList.add("isover");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("isover");
});
addEventListener("drop", (event) => {
  drop.classList.remove("isover");
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  take(event.dataTransfer.files);
});
addEventListener("beforeunload", (event) => {
  if (running || waiting.length) event.preventDefault();
});
