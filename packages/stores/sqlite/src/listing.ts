import type { DatabaseSync, StatementSync } from "node:sqlite";
import { GrantkeeperError } from "@grantkeeper/core";
import type { GrantRow, ListQuery } from "@grantkeeper/core/store";
import { checkLimit } from "@grantkeeper/core/store";
import { decodeRow, integer, rowColumns } from "./rows.ts";

export interface Page {
  readonly rows: readonly GrantRow[];
  readonly next: string | undefined;
}

type Filter = Omit<ListQuery, "limit" | "after">;

/** Lists rows in the order of their sequence: a page goes on after a number, whatever has come or gone before it. */
export function createListing(database: DatabaseSync, now: () => number): (query: ListQuery) => Page {
  const columnsOfRow = rowColumns(database);
  const statements = new Map<string, StatementSync>();

  function prepared(query: Filter): { readonly statement: StatementSync; readonly values: readonly string[] } {
    const { table, conditions, values } = filterOf(query);
    const where = ["sequence > ?", ...conditions].join(" AND ");
    const sql = `SELECT ${columnsOfRow} FROM ${table} WHERE ${where} ORDER BY sequence LIMIT ?`;
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return { statement, values };
  }

  // At once, so that a file that lacks an index is refused as it is opened.
  for (const name of ["ownerHash", "accountHash", "tokenHash", "connector"] as const) prepared({ [name]: "" });
  for (const connector of [undefined, ""]) prepared({ connector, state: "active" });

  return (query) => {
    const { limit } = query;
    const after = sequenceOf(query.after);
    checkLimit(limit);
    const { statement, values } = prepared(query);
    // One more than asked for tells whether a page follows.
    const found = statement.all(after, ...values, limit + 1);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const at = now();
    return {
      rows: page.map((columns) => decodeRow(columns, at)),
      next: found.length > limit && last !== undefined ? String(integer(last, "sequence")) : undefined,
    };
  };
}

function sequenceOf(after: string | undefined): number {
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
    values.push(value);
    indexes.push(index);
  }
  add(tokenHash, "sequence IN (SELECT sequence FROM grant_tokens WHERE token_hash = ?)", "");
  add(ownerHash, "owner_hash = ?", "INDEXED BY grants_by_owner");
  add(accountHash, "account_hash = ?", "INDEXED BY grants_by_account");
  // Of a connector's rows, those of one state may be few.
  const connectorIndex = state === undefined ? "grants_by_connector" : "grants_by_connector_and_state";
  add(connector, "connector = ?", `INDEXED BY ${connectorIndex}`);
  add(state, "state = ?", "INDEXED BY grants_by_state");
  return { table: `grants ${indexes[0] ?? ""}`, conditions, values };
}
