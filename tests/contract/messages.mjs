// Live through the wire vectors and the admission scenarios with the page's own code; print what went wrong.
// In Node: node messages.mjs <engine folder> <vectors folder>; in a browser: import {run} and hand in a loader.

export async function run(engine, load) {
  const wire = await import(`${engine}/wire.js`);
  const admission = await import(`${engine}/admission.js`);
  const jws = await import(`${engine}/jws.js`);
  const wrong = [];
  const check = (what, found, expected) => {
    const [a, b] = [jws.stable(found), jws.stable(expected)];
    if (a !== b) wrong.push(`${what}: ${a} instead of ${b}`);
  };
  let count = 0;
  const readers = {
    head: wire.readHead, time: wire.readTime, keys: wire.readKeys, offers: wire.readOffers,
    freshness: wire.readFreshness, challenge: wire.readChallenge, welcome: wire.readWelcome,
    refused: wire.readRefusal, pull: wire.readPull,
  };
  for (const [name, read] of Object.entries(readers)) {
    const vectors = grown(await load(`wire/${name}.json`));
    for (const [at, good] of vectors.good.entries()) {
      check(`${name} ${at}`, attempt(() => read(good)), good);
      check(`${name} ${at} with more fields`, attempt(() => read({ ...good, later: [1] })), good);
      count += 2;
    }
    for (const { why, field, change } of vectors.bad) {
      // whether a kid is its key's own needs a hash; admission does it
      if (name === "keys" && why === "kid of another key") continue;
      check(`${name}: ${why}`, attempt(() => read({ ...vectors.good[0], ...change })), { refused: field });
      count += 1;
    }
    for (const bad of [null, [], "text", 7]) {
      check(`${name}: ${bad}`, "refused" in attempt(() => read(bad)), true);
      count += 1;
    }
  }
  const { start, scenarios } = await load("admission.json");
  for (const { name, steps, kept } of scenarios) {
    let state = admission.newState(start.screen, start.root);
    for (const [at, step] of steps.entries()) {
      const before = admission.toJson(state);
      let outcome;
      [state, outcome] = await live(admission, state, step);
      check(`${name}, step ${at} ${step.do}`, outcome, step.expect);
      if (outcome[0]?.startsWith("refused")) check(`${name}, step ${at} state`, admission.toJson(state), before);
      count += 1;
    }
    check(`${name}, kept`, admission.toJson(state), kept);
  }
  const primitives = await load("primitives.json");
  for (const [text, bytes] of primitives.base64url) {
    const found = attempt(() => [...jws.unb64(text)]);
    check(`base64url ${text}`, found.refused === undefined ? found : null, bytes);
    count += 1;
  }
  for (const [text, good] of primitives.json) {
    check(`json ${text}`, "refused" in Object(attempt(() => wire.parseJson(text))), !good);
    count += 1;
  }
  for (const { x, kid, fingerprint } of primitives.keys) {
    check(`key ${x}`, [await jws.kidOf(x), await jws.fingerprint(x)], [kid, fingerprint]);
    count += 1;
  }
  const { pkcs8, nonce, screen, signature } = primitives.proof;
  const key = await crypto.subtle.importKey("pkcs8", jws.unb64(pkcs8), { name: "Ed25519" }, false, ["sign"]);
  check("proof", await jws.signProof(key, nonce, screen), signature);
  const refusal = await jws.refusalNonce("bad_signature", { screen, nonce, sig: signature });
  check("refusal", refusal, primitives.proof.refusal);
  check("bad nonce", await settled(jws.signProof(key, "short", screen)), "malformed");
  check("whole object", [...(await admission.checkObject(await jws.sha256(jws.unb64("YWJj")), jws.unb64("YWJj")))], [97, 98, 99]);
  check("cut object", await settled(admission.checkObject("0".repeat(64), jws.unb64("YWJj"))), "truncated");
  check("foreign state", await settled(admission.fromJson({ v: 2 })), "format");
  return { count: count + 6, wrong };
}

async function live(admission, state, step) {
  const now = step.now && { ms: step.now[0], uncertaintyMs: step.now[1] };
  if (step.do === "reboot") return [await admission.fromJson(JSON.parse(JSON.stringify(admission.toJson(state)))), []];
  if (step.do === "tick") return [{ ...state, time: admission.ticked(state.time, step.monotonic) }, []];
  if (step.do === "clock") {
    const shown = admission.nowOf(state.time, step.monotonic, step.wall);
    return [state, [`${shown.ms} ${shown.uncertaintyMs ?? "None"}`]];
  }
  const steps = {
    keys: () => admission.admitKeys(state, step.token),
    head: () => admission.admitHead(state, step.token, now),
    offers: () => admission.admitOffers(state, step.token, now),
    freshness: () => admission.admitFreshness(state, step.token, now),
    time: () => admission.admitTime(state, step.token, step.nonce, step.sent, step.received),
    follow: () => admission.follow(state, step.channels),
  };
  try {
    const { state: next, effects } = await steps[step.do]();
    return [next, effects.map(words)];
  } catch (error) {
    if (error.reason === undefined) throw error;
    return [state, [`refused ${error.reason}`]];
  }
}

function words({ effect, what, subject, manifest, channel, reason }) {
  return [effect, what, subject, manifest, channel, reason].filter(Boolean).join(" ");
}

function attempt(act) {
  try {
    return act();
  } catch (error) {
    return { refused: error.field ?? error.reason };
  }
}

async function settled(promise) {
  try {
    await promise;
    return "done";
  } catch (error) {
    return error.reason;
  }
}

/** Write out $repeat, $letters and $table, which only show that a limit is passed. */
function grown(value) {
  if (Array.isArray(value)) return value.map(grown);
  if (value === null || typeof value !== "object") return value;
  if (value.$repeat) return Array(value.$repeat[1]).fill(grown(value.$repeat[0]));
  if (value.$letters) return value.$letters[0].repeat(value.$letters[1]);
  if (value.$table) return Object.fromEntries([...Array(value.$table[1]).keys()].map((at) => [at, grown(value.$table[0])]));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, grown(inner)]));
}

if (globalThis.process?.argv[1]?.endsWith("messages.mjs")) {
  const { readFile } = await import("node:fs/promises");
  const [engine, vectors] = process.argv.slice(2);
  const load = async (path) => JSON.parse(await readFile(`${vectors}/${path}`, "utf8"));
  console.log(JSON.stringify(await run(engine, load)));
}
