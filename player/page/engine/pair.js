/** How a browser becomes a screen: its own key, a code that it shows, a person who accepts it. */

import { b64, fingerprint, kidOf } from "./jws.js";
import { Refused } from "./manifest.js";
import { generateKey } from "./primitives.js";
import { request } from "./session.js";

const ASK_EVERY_MS = 1_000;
const RETRY_MS = 5_000;
/** What this page can do, told at pairing and to the door. */
export const CAPS = { page: 1, video: true };

/** The device's key {raw, privateKey}: made once, its private half never leaves the browser. */
export async function deviceKey(store) {
  const held = await store.value("device");
  if (held) return held;
  const made = await generateKey();
  await store.write({ values: { device: made } }, { strict: true });
  return made;
}

/**
 * Ask to become a screen until a person has accepted.
 * @param {(pairing: {code, url, fingerprint, server, qr} | null) => void} onPairing what to show meanwhile
 * @returns {Promise<{screen, root, keys}>} the screen's id, the root key's x, the signed keys document
 */
export async function pair(api, store, onPairing, onFault) {
  const device = await deviceKey(store);
  for (;;) {
    try {
      const asked = (await store.value("pairing")) ?? (await ask(api, device, store));
      onPairing(await shown(asked));
      return await accepted(api, asked);
    } catch (error) {
      onFault(error);
      // The server was reached and knows this code no more: a new one.
      if (error.status !== undefined || error instanceof Refused) await store.write({ values: { pairing: undefined } });
      await pause(RETRY_MS);
    }
  }
}

async function ask(api, device, store) {
  const ratio = devicePixelRatio;
  const body = {
    device_key: b64(device.raw),
    name: "",
    size: [screen.width, screen.height].map((side) => Math.max(1, Math.round(side * ratio))),
    caps: CAPS,
  };
  const { pairing, secret, code, root, qr } = await (await request(`${api}/pairings`, { method: "POST", body })).json();
  if ((await kidOf(root.x)) !== root.kid) throw new Refused("payload", "The key id is not that of the root key.");
  const asked = { pairing, secret, code, root, qr };
  await store.write({ values: { pairing: asked } }, { strict: true });
  return asked;
}

/** What people read: the fingerprint is counted here, of the key that will be believed. */
async function shown({ code, root, qr }) {
  const { origin, host } = new URL(document.baseURI);
  return { code, url: origin, server: host, fingerprint: await fingerprint(root.x), qr: qr || null };
}

async function accepted(api, { pairing, secret, root }) {
  for (;;) {
    const answer = await patient(() => request(`${api}/pairings/${pairing}`, { bearer: secret }));
    if (answer.status === 200) {
      const { screen, root: given, keys } = await answer.json();
      if (given.x !== root.x) throw new Refused("unknown_key", "This is not the root key that was shown.");
      return { screen, root: root.x, keys };
    }
    await pause(ASK_EVERY_MS);
  }
}

/** Ask again while the server cannot be reached, or is busy; an answer, even a refusal, is final. */
async function patient(act) {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (error.status !== undefined && error.status < 500 && error.status !== 429) throw error;
      await pause(RETRY_MS);
    }
  }
}

const pause = (length) => new Promise((resolve) => setTimeout(resolve, length));
