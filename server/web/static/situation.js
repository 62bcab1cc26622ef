/** Keeps the situation true without a reload. */

import { keepLive } from "./live.js";

const RENEW_MS = 10_000;

keepLive(() => RENEW_MS, () => {});
