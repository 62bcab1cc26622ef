/** The plate a new screen shows until it is paired. */

/** "ABC-DEF" or "ABCDEF" in groups of three, to be read aloud. */
export function groups(code) {
  const letters = String(code ?? "").toUpperCase().replace(/[^0-9A-Z]/g, "").slice(0, 6);
  return [letters.slice(0, 3), letters.slice(3)].filter(Boolean);
}

/** A fingerprint in groups of four, as far as a person compares. */
export function fingerprintGroups(fingerprint) {
  const hex = String(fingerprint ?? "").replace(/^[a-z0-9]+:/i, "").replace(/[^0-9a-z]/gi, "").slice(0, 16);
  return hex.match(/.{1,4}/g)?.join(" ") ?? "";
}

/**
 * The view of the plate.
 * @param {{code: string, url: string, fingerprint: string, server: string, qr?: string}} pairing
 */
export function pairingView({ code, url, fingerprint, server, qr = null }) {
  return {
    key: `pairing:${code}`,
    template: "pairing",
    lang: "fr",
    params: { code, url, fingerprint, server },
    goods: [],
    qr,
    brand: { name: "", slogan: "", mark: null, mascot: null, skyline: null },
  };
}
