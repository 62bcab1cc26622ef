/**
 * Signed messages and key proofs, the twin of playlists/signing.py and credentials.py: JWS compact, Ed25519,
 * one spelling only, and nothing of a payload is parsed before its signature holds.
 */

import { Refused } from "./manifest.js";
import { digest256, signed as signedBy, verified } from "./primitives.js";
import { parseJson, readKeys } from "./wire.js";

const KIB = 1024;
const MAX_BYTES = {
  keys: 64 * KIB,
  head: 4 * KIB,
  offers: 16 * KIB * KIB,
  freshness: 1024 * KIB,
  time: 4 * KIB,
  watch: 64 * KIB,
};
const ALPHABET = "23456789CFGHJKMPQRTVWXY";
const KID = /^[0-9a-f]{16}$/;
const NONCE = /^[A-Za-z0-9_-]{16,128}$/;
const SIGNATURE_BYTES = 64;

const utf8 = new TextEncoder();

/** Whom this player believes at first: a root key (base64url) and no online keys yet. */
export function newRing(root) {
  return { root, token: "", document: { v: 1, version: 0, issued_at: 0, keys: [] } };
}

/** The ring with a newer keys document; the same ring object for the document that is held. */
export async function renewed(ring, token) {
  const opened = await openToken(token, "keys", ring, null);
  const document = await checkedDocument(opened.payload);
  if (document.version < ring.document.version) {
    throw new Refused("rollback", "This keys document is older than the one held.");
  }
  if (document.version > ring.document.version) return { root: ring.root, token, document };
  if (stable(document) !== stable(ring.document)) {
    throw new Refused("equivocation", "There are two keys documents of one version.");
  }
  return ring;
}

/**
 * Verify, then parse: {payload, data, kid}. `nowMs` null (no trusted time) leaves the keys' windows aside.
 * Throws Refused: too_large, malformed, alg, typ, unknown_key, key_use, key_time, bad_signature, payload.
 */
export async function openToken(token, kind, ring, nowMs) {
  if (token.length > MAX_BYTES[kind]) throw new Refused("too_large", `A ${kind} message is smaller.`);
  const parts = token.split(".");
  if (parts.length !== 3) throw new Refused("malformed", "A signed message has three parts.");
  const kid = readHeader(unb64(parts[0]), kind);
  const x = await keyFor(kid, kind, ring, nowMs);
  const signed = utf8.encode(`${parts[0]}.${parts[1]}`);
  if (!(await holds(x, unb64(parts[2]), signed))) {
    throw new Refused("bad_signature", "The signature does not hold.");
  }
  const data = unb64(parts[1]);
  try {
    const payload = parseJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data));
    return { payload, data, kid };
  } catch (error) {
    throw new Refused("payload", error.message);
  }
}

export function b64(bytes) {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Bytes of base64url in its one spelling. Throws Refused malformed. */
export function unb64(text) {
  let bytes = null;
  if (/^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 !== 1) {
    bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  }
  // only the last group of letters may have bits to spare
  const spare = bytes === null ? 0 : bytes.length % 3;
  if (bytes === null || b64(bytes.subarray(bytes.length - spare)) !== text.slice(text.length - (text.length % 4))) {
    throw new Refused("malformed", "This is not base64url in its one spelling.");
  }
  return bytes;
}

export async function sha256(bytes) {
  return [...(await digest256(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The id of a public key (base64url). */
export async function kidOf(x) {
  return (await sha256(unb64(x))).slice(0, 16);
}

/** A public key as four groups of four for people to compare. */
export async function fingerprint(x) {
  let rest = BigInt(`0x${await sha256(unb64(x))}`);
  let letters = "";
  for (let at = 0; at < 16; at += 1) {
    letters += ALPHABET[Number(rest % BigInt(ALPHABET.length))];
    rest /= BigInt(ALPHABET.length);
  }
  return letters.match(/.{4}/g).join("-");
}

/** The device's answer to a challenge, base64url; `privateKey` as primitives.js makes it. */
export async function signProof(privateKey, nonce, screen) {
  if (!NONCE.test(nonce)) throw new Refused("malformed", "A nonce has 16 to 128 letters of base64url.");
  const message = utf8.encode(`enseigne.prove\n${nonce}\n${screen}`);
  return b64(await signedBy(privateKey, message));
}

/** What the signed time in a refusal of this very proof answers; the twin of playlists/wire/http.py. */
export async function refusalNonce(code, { screen, nonce, sig }) {
  return `${code}:${await sha256(utf8.encode(`${screen}\n${nonce}\n${sig}`))}`;
}

/** JSON text with sorted keys, to compare two values. */
export function stable(value) {
  return JSON.stringify(value, (_, inner) =>
    inner === null || typeof inner !== "object" || Array.isArray(inner)
      ? inner
      : Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))));
}

async function holds(x, signature, message) {
  return signature.length === SIGNATURE_BYTES && verified(x, unb64(x), signature, message);
}

function readHeader(bytes, kind) {
  let header;
  try {
    header = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    header = null;
  }
  if (header === null || typeof header !== "object" || Array.isArray(header)) {
    throw new Refused("malformed", "The header is not a JSON object.");
  }
  if (header.alg !== "EdDSA") throw new Refused("alg", "Only EdDSA is accepted.");
  if (header.typ !== `enseigne.${kind}`) throw new Refused("typ", `This is not an enseigne.${kind} message.`);
  const { kid } = header;
  if (Object.keys(header).length !== 3 || typeof kid !== "string" || !KID.test(kid)) {
    throw new Refused("malformed", "The header is not exactly alg, kid and typ.");
  }
  return kid;
}

async function keyFor(kid, kind, ring, nowMs) {
  if (kind === "keys") {
    if (kid !== (await kidOf(ring.root))) throw new Refused("unknown_key", "Only the root key signs the keys.");
    return ring.root;
  }
  const key = ring.document.keys.find((listed) => listed.kid === kid);
  if (!key) throw new Refused("unknown_key", "The keys document does not list this key; fetch it again.");
  if (!key.uses.includes(kind)) throw new Refused("key_use", `This key may not sign ${kind} messages.`);
  if (nowMs !== null && !(key.from <= nowMs && nowMs < key.until)) {
    throw new Refused("key_time", "This key is not valid now.");
  }
  return key.x;
}

async function checkedDocument(payload) {
  let document;
  try {
    document = readKeys(payload);
  } catch (error) {
    throw new Refused("payload", `${error.field}: ${error.message}`);
  }
  for (const key of document.keys) {
    if ((await kidOf(key.x)) !== key.kid) throw new Refused("payload", "The key id is not that of the key.");
  }
  return document;
}
