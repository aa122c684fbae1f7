import assert from "node:assert/strict";
import type { RawRow } from "./sealed-store-door.ts";
import {
  type Connected,
  codeOf,
  forgetRequests,
  rawRow,
  requestsOf,
  rowsAsText,
  type SealedWorld,
  usesOf,
  type Way,
  type WorldKeeper,
} from "./sealed-store-world.ts";

export interface RowChange {
  readonly of: Connected;
  readonly to: Partial<RawRow>;
}

/**
 * Whatever is asked of these connections is `decryption_failed`; their rows stay as they are, byte for byte, and no
 * provider hears of it.
 */
export async function expectRefusals(
  it: SealedWorld,
  keeper: WorldKeeper,
  connections: readonly Connected[],
  what = "a row",
  ways: readonly Way[] = ["by id", "by owner"],
): Promise<void> {
  const before = await rowsAsText(it, connections);
  forgetRequests(it);
  for (const connection of connections) {
    for (const [name, use] of Object.entries(usesOf(keeper, connection, ways))) {
      const code = await codeOf(use);
      // A store whose index is in memory may have nothing left under that owner or connector.
      const missed = code === "not_connected" && it.scope === "process" && name.endsWith("by owner");
      if (!missed) assert.equal(code, "decryption_failed", `${what}: ${name} of ${connection.owner}`);
    }
  }
  assert.deepEqual(await rowsAsText(it, connections), before, "rows that do not open are kept as they are");
  assert.equal(requestsOf(it), 0, "no provider is asked on behalf of a row that does not open");
}

/**
 * Changes rows by their raw columns, sees that a keeper which has nothing in memory refuses them, and puts back what was
 * there: then they work, so that it was the change that was refused.
 */
export async function refusesRows(it: SealedWorld, changes: readonly RowChange[], what?: string): Promise<void> {
  const connections = changes.map(({ of }) => of);
  const putBack = await tamper(it, changes);
  const keeper = it.open();
  await expectRefusals(it, keeper, connections, what);
  await putBack();
  for (const { id, connector, owner } of connections) await keeper.connection(connector, { id, owner }).status();
  await it.close(keeper);
}

/** Changes rows by their raw columns, and returns what puts the old ones back. */
export async function tamper(it: SealedWorld, changes: readonly RowChange[]): Promise<() => Promise<void>> {
  const connections = changes.map(({ of }) => of);
  const originals = await Promise.all(connections.map((connection) => rawRow(it, connection)));
  const before = await rowsAsText(it, connections);
  for (const { of, to } of changes) await it.door.writeRow(of.id, to);
  const after = await rowsAsText(it, connections);
  for (const index of connections.keys()) {
    assert.notDeepEqual(after[index], before[index], "the door changes what lies in the store");
  }
  return async () => {
    for (const [index, { id }] of connections.entries()) await it.door.writeRow(id, originals[index] ?? {});
    assert.deepEqual(await rowsAsText(it, connections), before, "the door puts back what was there");
  };
}

/** The changes that exchange columns between two rows. */
export async function exchanged(
  it: SealedWorld,
  [one, two]: readonly [Connected, Connected],
  columns: readonly (keyof RawRow)[],
): Promise<readonly RowChange[]> {
  const [ofOne, ofTwo] = [await rawRow(it, one), await rawRow(it, two)];
  return [
    { of: one, to: only(ofTwo, columns) },
    { of: two, to: only(ofOne, columns) },
  ];
}

export function only(row: RawRow, columns: readonly (keyof RawRow)[]): Partial<RawRow> {
  return Object.fromEntries(columns.map((column) => [column, row[column]]));
}
