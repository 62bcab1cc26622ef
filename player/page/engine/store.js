/** What a browser screen keeps over a restart, in IndexedDB: small values by name, objects, runs. */

const NAME = "enseigne";
const VERSION = 1;
/** A database that cannot be opened again yet is tried so much later (ms). */
const AGAIN_MS = 5_000;

export class Store {
  #db;

  constructor(db) {
    this.#take(db);
  }

  static async open() {
    return new Store(await opened());
  }

  /** A browser closes a database by itself where the disk fails it; nothing would be kept from then on. */
  #take(db) {
    this.#db = db;
    db.onclose = () => this.#again();
  }

  #again() {
    opened().then((db) => this.#take(db), () => setTimeout(() => this.#again(), AGAIN_MS));
  }

  /** A value by its name, undefined when there is none. */
  async value(name) {
    return asked(this.#db.transaction("values").objectStore("values").get(name));
  }

  /** All values whose name begins so, by name. */
  async values(prefix) {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const store = this.#db.transaction("values").objectStore("values");
    const [names, values] = await Promise.all([asked(store.getAllKeys(range)), asked(store.getAll(range))]);
    return new Map(names.map((name, at) => [name, values[at]]));
  }

  /** Bytes (Uint8Array) by address, for those of `addresses` that are here. */
  async objects(addresses) {
    const store = this.#db.transaction("objects").objectStore("objects");
    const found = await Promise.all(addresses.map((address) => asked(store.get(address))));
    return new Map(addresses.map((address, at) => [address, found[at]]).filter(([, bytes]) => bytes));
  }

  async addresses() {
    return asked(this.#db.transaction("objects").objectStore("objects").getAllKeys());
  }

  /** The first runs of the chain that are not acknowledged. */
  async runs(limit) {
    return asked(this.#db.transaction("runs").objectStore("runs").getAll(null, limit));
  }

  /**
   * All of this or nothing of it; a value of undefined is deleted. Resolves when it is written: on the disk
   * where `strict`, else in the system's hands.
   */
  async write({ values = {}, objects = new Map(), dropObjects = [], runs = [], dropRunsTo = 0 }, { strict = false } = {}) {
    const durability = strict ? "strict" : "relaxed";
    // Only what it needs: transactions over one store wait for each other, and a price waits for no picture.
    const used = [
      [Object.keys(values).length > 0, "values"],
      [objects.size + dropObjects.length > 0, "objects"],
      [runs.length + dropRunsTo > 0, "runs"],
    ].flatMap(([uses, name]) => (uses ? [name] : []));
    if (used.length === 0) return;
    const transaction = this.#db.transaction(used, "readwrite", { durability });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new Error("Nothing could be kept."));
    });
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) transaction.objectStore("values").delete(name);
      else transaction.objectStore("values").put(value, name);
    }
    for (const [address, bytes] of objects) transaction.objectStore("objects").put(bytes, address);
    for (const address of dropObjects) transaction.objectStore("objects").delete(address);
    for (const run of runs) transaction.objectStore("runs").put(run);
    if (dropRunsTo > 0) transaction.objectStore("runs").delete(IDBKeyRange.upperBound(dropRunsTo));
    // At once: a page that is being left lives no longer than this call.
    transaction.commit();
    await done;
  }

  /** Nothing is read or written any more. */
  close() {
    this.#db.close();
  }

  /** Forget everything: this device is no screen any more. */
  async clear() {
    const names = ["values", "objects", "runs"];
    const transaction = this.#db.transaction(names, "readwrite");
    await Promise.all(names.map((name) => asked(transaction.objectStore(name).clear())));
  }
}

function opened() {
  const opening = indexedDB.open(NAME, VERSION);
  opening.onupgradeneeded = () => {
    for (const name of ["values", "objects"]) opening.result.createObjectStore(name);
    opening.result.createObjectStore("runs", { keyPath: "seq" });
  };
  return asked(opening);
}

function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
