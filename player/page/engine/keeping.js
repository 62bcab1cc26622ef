/** The trusted state of admission.js in the store: one value a channel, so that a price change writes one. */

import { fromJson, toJson } from "./admission.js";

const CHANNEL = "channel:";

/** What to write so that the store holds `state`, when it holds `before` (null: nothing). */
export function changesOf(state, before) {
  const { channels, ...rest } = toJson(state);
  const values = { trusted: rest };
  for (const [name, held] of Object.entries(channels)) {
    if (before?.channels[name] !== held) values[CHANNEL + name] = held;
  }
  for (const name of Object.keys(before?.channels ?? {})) {
    if (!Object.hasOwn(channels, name)) values[CHANNEL + name] = undefined;
  }
  return values;
}

/** The state that was kept, null when there is none. Throws Refused where it is not good any more. */
export async function keptState(store) {
  const trusted = await store.value("trusted");
  if (!trusted) return null;
  const channels = {};
  for (const [name, held] of await store.values(CHANNEL)) channels[name.slice(CHANNEL.length)] = held;
  return fromJson({ ...trusted, channels });
}
