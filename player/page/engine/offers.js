/**
 * Offers and freshness as slotAt reads them, from the payloads of signed messages. The page formats
 * nothing: what a step or an offer says stays as it came.
 */

/** One offer of an enseigne.offers payload. Texts are by language. */
export function decodeOffer(offer) {
  return {
    sku: offer.k,
    currency: offer.cur,
    steps: offer.st.map(([fromMs, untilMs, price, prior, texts]) => ({ fromMs, untilMs, price, prior, texts })),
    names: offer.nm,
    stock: offer.sk ? { gate: { source: offer.sk.g[0], maxAgeMs: offer.sk.g[1] }, texts: offer.sk.t } : null,
    reason: offer.r ?? "",
    confirmedAt: offer.at ?? 0,
  };
}

/** A channel as held: {version, offers: Map(sku → offer), asOf, leaseMs}; the lease came with the version. */
export function channelState(version, offers, [asOf, leaseMs] = [0, 0]) {
  return { version, asOf, leaseMs, offers: new Map(offers.map((offer) => [offer.k, decodeOffer(offer)])) };
}

/** Freshness of one or several enseigne.freshness payloads: {channels: Map, sources: Map, texts: Map}. */
export function decodeFreshness(...payloads) {
  const channels = new Map();
  const sources = new Map();
  const texts = new Map();
  for (const payload of payloads) {
    for (const [channel, [version, asOf, leaseMs]] of Object.entries(payload.channels)) {
      channels.set(channel, { version, asOf, leaseMs });
    }
    for (const [source, asOf] of Object.entries(payload.sources)) sources.set(source, asOf);
    for (const [key, live] of Object.entries(payload.texts ?? {})) {
      texts.set(key, { gate: { source: live.g[0], maxAgeMs: live.g[1] }, texts: live.t });
    }
  }
  return { channels, sources, texts };
}
