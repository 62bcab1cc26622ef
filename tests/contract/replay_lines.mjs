/** Contract documents in, one a line on standard input; {"count", "wrong"} for all of them out. */

import { createInterface } from "node:readline";

import { mismatches } from "./replay.js";

const total = { count: 0, wrong: [] };
for await (const line of createInterface({ input: process.stdin })) {
  const { count, wrong } = mismatches(JSON.parse(line));
  total.count += count;
  total.wrong.push(...wrong.slice(0, 20 - total.wrong.length));
}
process.stdout.write(JSON.stringify(total));
