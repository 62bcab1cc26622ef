/** Requests to the server as this screen: a bearer token, asked for with the device's key when there is none. */

import { signProof } from "./jws.js";

const REQUEST_LIMIT_MS = 15_000;
const FILE_LIMIT_MS = 600_000;
const JSON_TYPE = { "Content-Type": "application/json" };

/** A refusal's header: the same with the server's signature (playlists/wire/http.py). */
const SIGNED_REFUSAL = "Enseigne-Signed";

/** The server answered, but not with what was asked for; `code` is a refusal's stable word, `signed` its signature. */
class HttpError extends Error {
  constructor(status, path, code = "", signed = "") {
    super(`The server answers ${status} ${code} to ${path}.`);
    this.name = "HttpError";
    this.status = status;
    this.code = code;
    this.signed = signed;
  }
}

/** One request: the response when its status is in the 200s. Throws HttpError, or what fetch throws. */
export async function request(url, { method = "GET", body, bearer, limitMs = REQUEST_LIMIT_MS } = {}) {
  const headers = { ...(body === undefined ? {} : JSON_TYPE), ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}) };
  const answer = await fetch(url, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "omit",
    signal: AbortSignal.timeout(limitMs),
  });
  if (answer.ok) return answer;
  const { code } = await answer.json().catch(() => ({}));
  const { pathname } = new URL(url, location.href);
  throw new HttpError(answer.status, pathname, code, answer.headers.get(SIGNED_REFUSAL) ?? "");
}

export class Session {
  #api;
  #screen;
  #key;
  #renewing = null;
  #onRefused;
  /** The bearer token in use; the door's welcome gives one too. */
  token = "";

  /**
   * @param {string} api address of /player/v1 @param {CryptoKey} key the device's private key
   * @param {(refusal: {code, signed, proof}) => void} onRefused the server does not take the device's proof
   */
  constructor(api, screen, key, onRefused) {
    this.#onRefused = onRefused;
    this.#api = api;
    this.#screen = screen;
    this.#key = key;
  }

  async json(path, options) {
    return (await this.#ask(path, options)).json();
  }

  async text(path) {
    return (await this.#ask(path)).text();
  }

  async bytes(path) {
    return new Uint8Array(await (await this.#ask(path, { limitMs: FILE_LIMIT_MS })).arrayBuffer());
  }

  /** The whole response, for its type. */
  async file(path) {
    return this.#ask(path, { limitMs: FILE_LIMIT_MS });
  }

  /** This screen's answer to a challenge. */
  prove(nonce) {
    return signProof(this.#key, nonce, this.#screen);
  }

  async #ask(path, options = {}) {
    if (!this.token) await this.#renew();
    const bearer = this.token;
    try {
      return await request(`${this.#api}${path}`, { ...options, bearer });
    } catch (error) {
      if (error.status !== 401) throw error;
      if (this.token === bearer) this.token = "";
      if (!this.token) await this.#renew();
      return request(`${this.#api}${path}`, { ...options, bearer: this.token });
    }
  }

  async #renew() {
    this.#renewing ??= this.#prove().finally(() => (this.#renewing = null));
    await this.#renewing;
  }

  async #prove() {
    const screen = this.#screen;
    const { nonce } = await (await request(`${this.#api}/sessions`, { method: "POST", body: { screen } })).json();
    const body = { screen, nonce, sig: await this.prove(nonce) };
    try {
      const { token } = await (await request(`${this.#api}/sessions/prove`, { method: "POST", body })).json();
      this.token = token;
    } catch (error) {
      if (error.code) this.#onRefused({ code: error.code, signed: error.signed, proof: body });
      throw error;
    }
  }
}
