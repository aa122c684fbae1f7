import { GrantkeeperError } from "@grantkeeper/core";
import type { CommitCondition, LeaseOutcome, ListQuery, Store } from "@grantkeeper/core/store";
import { createDatabase, type Value } from "./database.ts";
import type { PostgresPool } from "./pool.ts";
import { bytes, decodeRow, integer, text } from "./rows.ts";
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

  return {
    scope: "shared",
    kind: "postgres",

    migrate: () => database.run(() => migrateSchema(pool, schema)),

    get: (connectionId) =>
      ask({ statement: statements.get, values: [connectionId], read: ([row]) => row && decodeRow(row) }),

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

    release: ({ lease, clearIntents }) =>
      ask({
        statement: statements.release,
        values: [lease.connectionId, lease.holder, lease.fence, clearIntents],
        read: nothing,
      }),

    commit: ({ expected, payload, clearIntents }) =>
      ask<"committed" | "superseded" | "identity_taken">({
        statement: statements.commit,
        values: [
          ...conditionOf(expected),
          payload.grantId,
          payload.version,
          payload.sealed,
          payload.state,
          payload.identityHash,
          payload.accountHash,
          payload.tokenHashes,
          clearIntents,
        ],
        read: (rows) => (rows.length === 0 ? "superseded" : "committed"),
        // The connection id stays, so only the identity can be another's.
        ifNotUnique: "identity_taken",
      }),

    delete: (condition) =>
      ask({
        statement: statements.delete,
        values: conditionOf(condition),
        read: (rows) => (rows.length === 0 ? "superseded" : "deleted"),
      }),

    async list(query) {
      const { limit } = query;
      const { conditions, values } = filterOf(query);
      return ask({
        statement: statements.list(conditions, `$${values.length + 1}::int`),
        // One more than asked for tells whether another page follows.
        values: [...values, limit + 1],
        read: (rows) => {
          const page = rows.slice(0, limit);
          const last = rows.length > limit ? page.at(-1) : undefined;
          return { rows: page.map(decodeRow), next: last && text(last, "sequence") };
        },
      });
    },

    flows: {
      put: (key, sealed, ttlMs) => ask({ statement: statements.putFlow, values: [key, sealed, ttlMs], read: nothing }),
      take: (key) =>
        ask({
          statement: statements.takeFlow,
          values: [key],
          read: ([flow]) => (flow?.["lasts"] === "true" ? bytes(flow, "sealed") : undefined),
        }),
    },

    settings: {
      get: (name) =>
        ask({ statement: statements.getSetting, values: [name], read: ([row]) => row && bytes(row, "value") }),
      compareAndSet: (name, expected, value) =>
        ask({
          statement: expected === undefined ? statements.addSetting : statements.replaceSetting,
          values: expected === undefined ? [name, value] : [name, value, expected],
          read: (rows) => rows.length > 0,
        }),
    },

    close: database.close,
  };
}

function nothing(): void {}

function conditionOf({ connectionId, grantId, version, fence }: CommitCondition): readonly Value[] {
  return [connectionId, grantId, version, fence];
}

/** Only the conditions that were asked for: a statement for all of them could use no index. */
function filterOf(query: ListQuery): { readonly conditions: readonly string[]; readonly values: readonly Value[] } {
  const { limit, after } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw new GrantkeeperError("invalid_request", "A page has 1 to 1000 rows.");
  }
  if (after !== undefined && !/^[0-9]{1,18}$/.test(after)) {
    throw new GrantkeeperError("invalid_request", "A page begins after the last one's `next`.");
  }
  const asked: readonly (readonly [condition: (value: string) => string, value: string | undefined])[] = [
    [(value) => `owner_hash = ${value}`, query.ownerHash],
    [(value) => `account_hash = ${value}`, query.accountHash],
    [(value) => `token_hashes @> ARRAY[${value}]`, query.tokenHash],
    [(value) => `connector = ${value}`, query.connector],
    [(value) => `state = ${value}`, query.state],
    [(value) => `sequence > ${value}::text::bigint`, after],
  ];
  const conditions: string[] = [];
  const values: string[] = [];
  for (const [condition, value] of asked) {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  }
  return { conditions, values };
}
