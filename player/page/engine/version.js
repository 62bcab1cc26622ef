/**
 * A newer page is taken up between two slots. Each screen looks at its own time; the same version is tried again
 * only after a while, so that a page which does not come (an old copy somewhere on the way) makes no circle.
 */

const LOOK_EVERY_MS = 300_000;
const AGAIN_MS = 1_800_000;
/** A slot that ends later than this (ms) is not awaited. */
const LONGEST_WAIT_MS = 600_000;
const ANSWER_LIMIT_MS = 30_000;
const TRIED = "enseigne-page-tried";
const NAME = "enseigne-page";

/** The version that a document says it is of, "" when it says none. */
export function versionOf(page) {
  return page.querySelector(`meta[name="${NAME}"]`)?.content ?? "";
}

/**
 * Reload once the server has another page than this document's.
 * @param {{endsIn: () => number, reload?: () => void, lookEveryMs?: number}} options `endsIn`: ms to the slot's end
 */
export function watchVersion({ endsIn, reload = () => location.reload(), lookEveryMs = LOOK_EVERY_MS }) {
  const own = versionOf(document);
  if (!own) return;
  const later = () => setTimeout(look, lookEveryMs * (0.5 + Math.random()));
  const look = async () => {
    const served = await servedVersion();
    if (!served || served === own || wasTried(served)) {
      later();
      return;
    }
    setTimeout(() => {
      if (!markTried(served)) later();
      else reload();
    }, Math.min(LONGEST_WAIT_MS, Math.max(0, endsIn())));
  };
  later();
}

/** What the server serves now, "" when it cannot be reached. */
async function servedVersion() {
  try {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const answer = await fetch(location.pathname, { cache: "no-store", credentials: "omit", signal });
    return answer.ok ? versionOf(new DOMParser().parseFromString(await answer.text(), "text/html")) : "";
  } catch {
    return "";
  }
}

/** Whether it could be noted: what is not might be tried in a circle. */
function markTried(version) {
  try {
    localStorage.setItem(TRIED, JSON.stringify([version, Date.now()]));
    return true;
  } catch {
    return false;
  }
}

function wasTried(version) {
  try {
    const [tried, at] = JSON.parse(localStorage.getItem(TRIED)) ?? [];
    return tried === version && Math.abs(Date.now() - at) < AGAIN_MS;
  } catch {
    return false;
  }
}
