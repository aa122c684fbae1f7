import type { DatabaseSync, StatementSync } from "node:sqlite";
import { GrantkeeperError } from "@grantkeeper/core";
import type { GrantRow, ListQuery } from "@grantkeeper/core/store";
import { decodeRow, integer, rowColumns } from "./rows.ts";

export interface Page {
  readonly rows: readonly GrantRow[];
  readonly next: string | undefined;
}

/** Lists rows in the order of their sequence: a page goes on after a number, whatever has come or gone before it. */
export function createListing(database: DatabaseSync, now: () => number): (query: ListQuery) => Page {
  const statements = new Map<string, StatementSync>();

  function prepared(sql: string): StatementSync {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }

  return (query) => {
    const { limit } = query;
    const after = sequenceOf(query.after);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
      throw new GrantkeeperError("invalid_request", "The limit of a list is a whole number from 1 to 1000.");
    }
    const { conditions, values } = filterOf(query);
    const where = ["sequence > ?", ...conditions].join(" AND ");
    const statement = prepared(`SELECT ${rowColumns} FROM grants WHERE ${where} ORDER BY sequence LIMIT ?`);
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

/** The most telling condition leads; a plus sign keeps SQLite from going through an index of another. */
function filterOf({ tokenHash, ownerHash, accountHash, connector, state }: ListQuery): {
  readonly conditions: readonly string[];
  readonly values: readonly string[];
} {
  const conditions: string[] = [];
  const values: string[] = [];
  function add(value: string | undefined, condition: (plus: "" | "+") => string): void {
    if (value === undefined) return;
    conditions.push(condition(conditions.length === 0 ? "" : "+"));
    values.push(value);
  }
  add(tokenHash, () => "sequence IN (SELECT sequence FROM grant_tokens WHERE token_hash = ?)");
  add(ownerHash, (plus) => `${plus}owner_hash = ?`);
  add(accountHash, (plus) => `${plus}account_hash = ?`);
  add(connector, (plus) => `${plus}connector = ?`);
  add(state, (plus) => `${plus}state = ?`);
  return { conditions, values };
}
