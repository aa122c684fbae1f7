import { GrantkeeperError } from "@grantkeeper/core";
import {
  type CommitCondition,
  checkLimit,
  endOfPrefix,
  type GrantPayload,
  type LeaseOutcome,
  type Store,
} from "@grantkeeper/core/store";
import { createDatabase, type Question, type Value } from "./database.ts";
import { createListing, notAPlace } from "./listing.ts";
import type { PostgresPool } from "./pool.ts";
import { bytes, decodeRow, integer, text, wholeMilliseconds } from "./rows.ts";
import { migrateSchema, quotedSchema } from "./schema.ts";
import { createStatements } from "./statements.ts";

export interface PostgresStoreOptions {
  /** The application's own pool, such as a `Pool` of `pg`. The store never ends it. */
  readonly pool: PostgresPool;
  /** Holds the store's tables and nothing else. Default: `grantkeeper`. */
  readonly schema?: string;
}

/**
 * Keeps grants in PostgreSQL, for any number of processes. Throws `invalid_config` when the schema's name cannot be one.
 * A keeper migrates its store when it opens; whoever uses the store alone calls `migrate` first.
 */
export function postgresStore({ pool, schema = "grantkeeper" }: PostgresStoreOptions): Store {
  const statements = createStatements(quotedSchema(schema));
  const database = createDatabase(pool);
  const { ask } = database;

  function changeOf(name: string, expected: Uint8Array | undefined, value: Uint8Array | undefined): Question<boolean> {
    const read = (rows: readonly unknown[]): boolean => rows.length > 0;
    if (expected === undefined) {
      return value === undefined
        ? { statement: statements.getRecord, values: [name], read: (rows) => rows.length === 0 }
        : { statement: statements.addRecord, values: [name, value], read };
    }
    return value === undefined
      ? { statement: statements.removeRecord, values: [name, expected], read }
      : { statement: statements.replaceRecord, values: [name, value, expected], read };
  }

  const listing = createListing(`${quotedSchema(schema)}.grants`);

  return {
    scope: "shared",
    kind: "postgres",

    migrate: () => database.run(() => migrateSchema(pool, schema)),

    get: (connectionId) =>
      ask({
        statement: statements.get,
        prepared: true,
        values: [connectionId],
        read: ([row]) => row && decodeRow(row),
      }),

    async insert(row) {
      for (let attempt = 0; attempt < 20; attempt++) {
        const outcome = await ask<Awaited<ReturnType<Store["insert"]>> | undefined>({
          statement: statements.insert,
          values: [
            row.connectionId,
            row.connector,
            row.ownerHash,
            row.identityHash,
            row.accountHash,
            row.tokenHashes,
            row.grantId,
            row.version,
            row.state,
            row.sealed,
            dueAtOf(row),
            row.wrappedKey,
          ],
          read: ([found]) => {
            if (found === undefined) return undefined;
            if (found["outcome"] === "inserted") return { inserted: true };
            return { inserted: false, connectionId: text(found, "connection_id") };
          },
        });
        if (outcome !== undefined) return outcome;
      }
      throw new GrantkeeperError("store_unavailable", "Another row with this identity came and went all the time.", {
        retryAt: new Date(Date.now() + 1_000),
      });
    },

    lease: ({ connectionId, grantId, version, fence, holder, durationMs, intent }) =>
      ask<LeaseOutcome>({
        statement: statements.lease,
        prepared: true,
        values: [
          ...[connectionId, grantId, version, fence, holder, durationMs],
          ...[intent?.tokenSet ?? null, intent?.attemptId ?? null, intent?.refreshTokenHash ?? null],
        ],
        read: ([found]) => {
          if (found === undefined) return { kind: "absent" };
          if (found["outcome"] === "held") return { kind: "held", remainingMs: integer(found, "remaining") };
          const row = decodeRow(found);
          if (found["outcome"] === "moved") return { kind: "moved", row };
          const taken = integer(found, "new_fence");
          return { kind: "leased", lease: { connectionId, holder, fence: taken }, row: { ...row, fence: taken } };
        },
      }),

    release: ({ lease, intents }) =>
      ask({
        statement: statements.release,
        prepared: true,
        values: [lease.connectionId, lease.holder, lease.fence, intents === undefined ? null : JSON.stringify(intents)],
        read: nothing,
      }),

    commit: ({ expected, payload, clearIntents }) =>
      ask<"committed" | "superseded" | "identity_taken">({
        statement: statements.commit,
        prepared: true,
        values: [
          ...conditionOf(expected),
          payload.grantId,
          payload.version,
          payload.sealed,
          payload.state,
          payload.identityHash,
          payload.accountHash,
          payload.tokenHashes,
          dueAtOf(payload),
          clearIntents,
        ],
        read: (rows) => (rows.length === 0 ? "superseded" : "committed"),
        // The connection id stays, so only the identity can be another's.
        ifNotUnique: "identity_taken",
      }),

    delete: (condition) =>
      ask({
        statement: statements.delete,
        prepared: true,
        values: conditionOf(condition),
        read: (rows) => (rows.length === 0 ? "superseded" : "deleted"),
      }),

    rewrap: ({ connectionId, grantId, expected, wrappedKey }) =>
      ask({
        statement: statements.rewrap,
        prepared: true,
        values: [connectionId, grantId, expected, wrappedKey],
        read: (rows) => (rows.length === 0 ? "moved" : "rewrapped"),
      }),

    async claimDue({ dueUntil, holder, durationMs, after, limit }) {
      checkLimit(limit);
      return ask({
        statement: statements.claim,
        values: [wholeMilliseconds(dueUntil), ...placeOf(after), limit, holder, durationMs],
        read: (rows) => {
          const claimed = rows.map((found) => {
            const row = decodeRow(found);
            return { lease: { connectionId: row.connectionId, holder, fence: row.fence }, row };
          });
          const last = rows.at(-1);
          // A page that is not full has gone through all that is due.
          return { claimed, next: last !== undefined && rows.length === limit ? text(last, "place") : undefined };
        },
      });
    },

    list: async (query) => ask(listing(query)),

    flows: {
      put: (key, sealed, ttlMs) => ask({ statement: statements.putFlow, values: [key, sealed, ttlMs], read: nothing }),
      take: (key) =>
        ask({
          statement: statements.takeFlow,
          values: [key],
          read: ([flow]) => (flow?.["lasts"] === "true" ? bytes(flow, "sealed") : undefined),
        }),
      async list({ after = "", limit }) {
        checkLimit(limit);
        return ask({
          statement: statements.listFlows,
          values: [after, limit],
          read: (rows) => {
            const flows = rows.map((row) => ({ key: text(row, "key"), sealed: bytes(row, "sealed") }));
            return { flows, next: flows.length === limit ? flows.at(-1)?.key : undefined };
          },
        });
      },
    },

    records: {
      get: (name) =>
        ask({ statement: statements.getRecord, values: [name], read: ([row]) => row && bytes(row, "value") }),
      compareAndSet: (name, expected, value) => ask(changeOf(name, expected, value)),
      async list({ prefix, after = "", backwards = false, limit }) {
        checkLimit(limit);
        const end = endOfPrefix(prefix);
        return ask({
          statement: backwards ? statements.listRecordsBackwards : statements.listRecords,
          values: [prefix, end, after, limit],
          read: (rows) => {
            const records = rows.map((row) => ({ name: text(row, "name"), value: bytes(row, "value") }));
            return { records, next: records.length === limit ? records.at(-1)?.name : undefined };
          },
        });
      },
    },

    close: database.close,
  };
}

function nothing(): void {}

function conditionOf({ connectionId, grantId, version, fence }: CommitCondition): readonly Value[] {
  return [connectionId, grantId, version, fence];
}

function dueAtOf({ dueAt }: GrantPayload): number | null {
  return dueAt === undefined ? null : wholeMilliseconds(dueAt);
}

/** When a row is due and its sequence, of the last row before a page of claims. Sequences begin with 1. */
function placeOf(after: string | undefined): readonly Value[] {
  const [, dueAt, sequence] = /^(-?[0-9]{1,16}):([0-9]{1,18})$/.exec(after ?? `${Number.MIN_SAFE_INTEGER}:0`) ?? [];
  if (dueAt === undefined || sequence === undefined) throw notAPlace();
  return [dueAt, sequence];
}
