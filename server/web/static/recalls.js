/** Keeps a recall's counts true while screens confirm it. */

import { keepLive } from "./live.js";

const RENEW_MS = 3_000;

keepLive(() => RENEW_MS, () => {});
