/** Keeps the page of updates true while screens are told, install and report. */

import { keepLive } from "./live.js";

const RENEW_MS = 15_000;
/** While answers are waited for. */
const SOON_MS = 3_000;

const main = document.getElementById("main");

keepLive(() => ("waits" in main.dataset ? SOON_MS : RENEW_MS), () => {});
