import type { DatabaseSync } from "node:sqlite";
import type { RecordQuery, Store } from "@grantkeeper/core/store";
import { bytes, integer, prepareQuery, text, textColumns } from "./query.ts";
import { transact } from "./transact.ts";

export interface Values {
  readonly flows: {
    put(key: string, sealed: Uint8Array, ttlMs: number): void;
    take(key: string): Uint8Array | undefined;
    list(after: string | undefined, limit: number): Awaited<ReturnType<Store["flows"]["list"]>>;
  };
  readonly records: {
    get(name: string): Uint8Array | undefined;
    compareAndSet(name: string, expected: Uint8Array | undefined, value: Uint8Array | undefined): boolean;
    list(query: RecordQuery, end: string): Awaited<ReturnType<Store["records"]["list"]>>;
  };
}

export function createValues(database: DatabaseSync, now: () => number): Values {
  const asText = textColumns(database);
  // A few at a time, so that nobody who stores a flow waits for a thousand that have ended.
  const deleteEnded = database.prepare(
    "DELETE FROM flows WHERE key IN (SELECT key FROM flows WHERE ends_at <= ? ORDER BY ends_at LIMIT 20)",
  );
  const putFlow = database.prepare(`
    INSERT INTO flows (key, sealed, ends_at) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed, ends_at = excluded.ends_at`);
  const takeFlow = prepareQuery(database, "DELETE FROM flows WHERE key = ? RETURNING sealed, ends_at");
  const listFlows = prepareQuery(
    database,
    `SELECT ${asText("key")}, sealed FROM flows WHERE key > ? AND ends_at > ? ORDER BY key LIMIT ?`,
  );
  const selectRecord = prepareQuery(database, "SELECT value FROM records WHERE name = ?");
  const putRecord = database.prepare(`
    INSERT INTO records (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`);

  const deleteRecord = database.prepare("DELETE FROM records WHERE name = ?");
  const selectRecords = (order: "ASC" | "DESC") =>
    prepareQuery(
      database,
      `SELECT ${asText("name")}, value FROM records
      WHERE name >= ? AND name < ? AND name <> ? ORDER BY name ${order} LIMIT ?`,
    );
  const [listForwards, listBackwards] = [selectRecords("ASC"), selectRecords("DESC")];

  function record(name: string): Uint8Array | undefined {
    const found = selectRecord.get(name);
    return found && bytes(found[0]);
  }

  return {
    flows: {
      put: (key, sealed, ttlMs) =>
        transact(database, () => {
          const at = now();
          deleteEnded.run(at);
          putFlow.run(key, sealed, Math.ceil(at + ttlMs));
        }),
      take: (key) =>
        transact(database, () => {
          const [flow] = takeFlow.all(key);
          const [sealed, endsAt] = flow ?? [];
          return flow !== undefined && integer(endsAt) > now() ? bytes(sealed) : undefined;
        }),
      list(after, limit) {
        const found = listFlows.all(after ?? "", now(), limit);
        const flows = found.map(([key, sealed]) => ({ key: text(key), sealed: bytes(sealed) }));
        return { flows, next: flows.length === limit ? flows.at(-1)?.key : undefined };
      },
    },
    records: {
      get: record,
      compareAndSet: (name, expected, value) =>
        transact(database, () => {
          const present = record(name);
          const same =
            present === undefined || expected === undefined
              ? present === expected
              : Buffer.compare(present, expected) === 0;
          if (same && value === undefined) deleteRecord.run(name);
          if (same && value !== undefined) putRecord.run(name, value);
          return same;
        }),
      list({ prefix, after = "", backwards = false, limit }, end) {
        const found = backwards
          ? listBackwards.all(prefix, after === "" || after > end ? end : after, after, limit)
          : listForwards.all(after > prefix ? after : prefix, end, after, limit);
        const records = found.map(([name, value]) => ({ name: text(name), value: bytes(value) }));
        return { records, next: records.length === limit ? records.at(-1)?.name : undefined };
      },
    },
  };
}
