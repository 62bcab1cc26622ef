/**
 * Ed25519 and SHA-256: the browser's own where it has them, noble's elsewhere. A page over plain HTTP gets no
 * crypto.subtle, and browsers of before 2024 know no Ed25519.
 */

const ED25519 = { name: "Ed25519" };
const subtle = globalThis.crypto?.subtle;
let own = null;
let borrowed = null;
const imported = new Map();

/** Whether the browser itself signs and verifies. */
function isOwn() {
  own ??= subtle
    ? subtle.generateKey(ED25519, false, ["sign", "verify"]).then(() => true, () => false)
    : Promise.resolve(false);
  return own;
}

function noble() {
  borrowed ??= Promise.all([import("../vendor/noble/ed25519.js"), import("../vendor/noble/sha2.js")]).then(([ed, sha2]) => {
    ed.hashes.sha512 = sha2.sha512;
    return { ed, sha256: sha2.sha256 };
  });
  return borrowed;
}

export async function digest256(bytes) {
  if (subtle) return new Uint8Array(await subtle.digest("SHA-256", bytes));
  return (await noble()).sha256(bytes);
}

/** A device's key pair, to be kept as it is: {raw, privateKey}; `raw` is the public half's bytes. */
export async function generateKey() {
  if (await isOwn()) {
    const { publicKey, privateKey } = await subtle.generateKey(ED25519, false, ["sign", "verify"]);
    return { raw: new Uint8Array(await subtle.exportKey("raw", publicKey)), privateKey };
  }
  const { secretKey, publicKey } = (await noble()).ed.keygen();
  return { raw: publicKey, privateKey: secretKey };
}

/** @param {CryptoKey | Uint8Array} privateKey as generateKey made it */
export async function signed(privateKey, message) {
  if (privateKey instanceof Uint8Array) return (await noble()).ed.sign(message, privateKey);
  return new Uint8Array(await subtle.sign(ED25519, privateKey, message));
}

/** Whether a signature holds; `raw` is the public key's bytes, `name` tells keys apart. */
export async function verified(name, raw, signature, message) {
  if (!(await isOwn())) {
    // As RFC 8032 has it, and as the others verify: ZIP 215 would let more pass.
    return (await noble()).ed.verify(signature, message, raw, { zip215: false });
  }
  if (!imported.has(name)) imported.set(name, subtle.importKey("raw", raw, ED25519, false, ["verify"]));
  return subtle.verify(ED25519, await imported.get(name), signature, message);
}
