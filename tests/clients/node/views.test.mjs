// A view takes what it is told in the order it was said, however it arrives.

import assert from "node:assert/strict";
import { test } from "node:test";

import { View } from "homeroom-client";

const row = (id, price) => ({ id, version: 1, list_price: price });
const answer = { s: 7, rows: [row("a", 1)], total: 1, stats: { total: 1 }, pagination: {} };
const change = {
  view: "v",
  s: 8,
  total: 2,
  changes: [
    { k: "row.enter", id: "b", index: 0, d: row("b", 2) },
    { k: "stats.delta", stats: { total: [1, 2] } },
  ],
};

test("what comes in one packet with the answer is taken after it", () => {
  const view = new View("listings:list", {}, () => undefined);
  view.take(change); // a poll brings both, and the answer's promise is settled last
  view.begin(structuredClone(answer));
  assert.deepEqual(view.rows.map(({ id }) => id), ["b", "a"]);
  assert.deepEqual([view.seq, view.total, view.stats.total], [8, 2, 2]);
});

test("what was said of a view on a line that is lost is forgotten with it", () => {
  const view = new View("listings:list", {}, () => undefined);
  view.take(change);
  view.lose();
  view.begin(structuredClone(answer));
  assert.deepEqual([view.seq, view.rows.length], [7, 1]);
});
