/** Paints instants of a screen from what the server says of them, with the code that paints, or painted, in the shop. */

const PAGE = "/page";
const files = new Map();

/** One host's instants. `key` is a watch link's, empty for whoever is signed in; `page` is where the code lies. */
export class Still {
  #painter = null;

  constructor(host, key, page = PAGE) {
    this.host = host;
    this.key = key;
    this.page = page;
  }

  async show(still) {
    this.#painter ??= codeOf(this.page).then((code) => new code.Still(this.host, (sha) => fileUrl(sha, this.key)));
    await (await this.#painter).show(still);
  }
}

/** A version of the page that does not come is replaced by today's. */
async function codeOf(page) {
  try {
    return await import(`${page}/still.js`);
  } catch (error) {
    if (page === PAGE) throw error;
    console.warn(String(error));
    return import(`${PAGE}/still.js`);
  }
}

/** With a watch link through the players' door; else as the person who is signed in. */
async function fileUrl(sha, key) {
  if (!files.has(sha)) {
    const headers = key ? { Authorization: `Bearer ${key}` } : {};
    const answer = await fetch(key ? `/player/v1/assets/${sha}` : `/media/${sha}`, { headers });
    if (!answer.ok) return null;
    files.set(sha, URL.createObjectURL(await answer.blob()));
  }
  return files.get(sha);
}
