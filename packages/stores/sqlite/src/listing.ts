import type { DatabaseSync } from "node:sqlite";
import { GrantkeeperError } from "@grantkeeper/core";
import type { GrantRow, ListQuery } from "@grantkeeper/core/store";
import { checkLimit } from "@grantkeeper/core/store";
import type { Query } from "./query.ts";
import { decodeRow, prepareRows, sequenceOf } from "./rows.ts";

export interface Page {
  readonly rows: readonly GrantRow[];
  readonly next: string | undefined;
}

/** The first of a grant's token hashes lies in its row, the others beside it. */
const sequencesOfToken = `
  SELECT sequence FROM grants INDEXED BY grants_by_token WHERE token_hashes ->> 0 = ?
  UNION ALL SELECT sequence FROM grant_tokens WHERE token_hash = ?`;

type Filter = Omit<ListQuery, "limit" | "after">;

/** Lists rows in the order of their sequence: a page goes on after a number, whatever has come or gone before it. */
export function createListing(database: DatabaseSync, now: () => number): (query: ListQuery) => Page {
  const queries = new Map<string, Query>();

  function prepared(query: Filter): { readonly rows: Query; readonly values: readonly string[] } {
    const { table, conditions, values } = filterOf(query);
    const where = ["sequence > ?", ...conditions].join(" AND ");
    const rest = `FROM ${table} WHERE ${where} ORDER BY sequence LIMIT ?`;
    const rows = queries.get(rest) ?? prepareRows(database, rest);
    queries.set(rest, rows);
    return { rows, values };
  }

  // At once, so that a file that lacks an index is refused as it is opened.
  for (const name of ["ownerHash", "accountHash", "tokenHash", "connector"] as const) prepared({ [name]: "" });
  for (const connector of [undefined, ""]) prepared({ connector, state: "active" });

  return (query) => {
    const { limit } = query;
    const after = placeOf(query.after);
    checkLimit(limit);
    const { rows, values } = prepared(query);
    // One more than asked for tells whether a page follows.
    const found = rows.all(after, ...values, limit + 1);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const at = now();
    return {
      rows: page.map((row) => decodeRow(row, at)),
      next: found.length > limit && last !== undefined ? String(sequenceOf(last)) : undefined,
    };
  };
}

function placeOf(after: string | undefined): number {
  if (after === undefined) return 0;
  if (!/^[0-9]{1,15}$/.test(after)) {
    throw new GrantkeeperError("invalid_request", "A list goes on only after the `next` of an earlier page.");
  }
  return Number(after);
}

/**
 * The most telling condition leads, by its index. Named, since SQLite goes through all rows once ANALYZE has counted
 * them: it takes their order for a saving.
 */
function filterOf({ tokenHash, ownerHash, accountHash, connector, state }: Filter): {
  readonly table: string;
  readonly conditions: readonly string[];
  readonly values: readonly string[];
} {
  const conditions: string[] = [];
  const values: string[] = [];
  const indexes: string[] = [];
  function add(value: string | undefined, condition: string, index: string): void {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(...Array.from(condition.matchAll(/[?]/g), () => value));
    indexes.push(index);
  }
  add(tokenHash, `sequence IN (${sequencesOfToken})`, "");
  add(ownerHash, "owner_hash = ?", "INDEXED BY grants_by_owner");
  add(accountHash, "account_hash = ?", "INDEXED BY grants_by_account");
  // Of a connector's rows, those of one state may be few.
  const connectorIndex = state === undefined ? "grants_by_connector" : "grants_by_connector_and_state";
  add(connector, "connector = ?", `INDEXED BY ${connectorIndex}`);
  add(state, "state = ?", "INDEXED BY grants_by_state");
  return { table: `grants ${indexes[0] ?? ""}`, conditions, values };
}
