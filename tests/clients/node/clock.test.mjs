// A computer whose clock is wrong by a day, or is put right while it works.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Office, Wire, until } from "./office.mjs";

const DAY = 86_400_000;
const now = Date.now.bind(Date);
const offices = [];
after(() => {
  Date.now = now;
  offices.forEach((office) => office.close());
});

for (const [wrong, skew] of [
  ["ahead", DAY],
  ["behind", -DAY],
])
  test(`a clock a day ${wrong}, and then put right, changes neither order nor resume`, async () => {
    const office = await Office.open();
    offices.push(office);
    const escrows = [await office.escrow("1 Main St"), await office.escrow("2 Main St")];
    Date.now = () => now() + skew;
    const wire = new Wire();
    const room = await office.room(await office.hire("Ana Alder"), { wire });
    for (const clock of [() => now() + skew, now, () => now() - skew]) {
      Date.now = clock;
      await office.work(escrows, 5);
      wire.pull();
      room.live.wake();
      await office.work(escrows, 5);
      const head = await office.head();
      await until(() => room.seq >= head, `event ${head}, stuck at ${room.seq}`);
    }
    const seqs = room.log.map(({ s }) => s);
    assert.deepEqual(
      seqs,
      seqs.map((_, i) => seqs[0] + i),
    );
    assert.ok(wire.connections > 3, `${wire.connections} connections`);
    assert.deepEqual(wire.modes.filter((mode) => mode !== "replay" && mode !== "live"), ["snapshot"]);
    const here = new Map(room.store.all("escrow").map((row) => [row.id, row]));
    assert.deepEqual(here, await office.fresh(room.session));
  });
