import { GrantkeeperError } from "@grantkeeper/core";
import { checkLimit, type GrantRow, type ListQuery } from "@grantkeeper/core/store";
import type { Question, Value } from "./database.ts";
import { columns, decodeRow, text } from "./rows.ts";

export interface Page {
  readonly rows: readonly GrantRow[];
  readonly next: string | undefined;
}

/** Asks a table of grants for one page, in the order of the sequence. */
export function createListing(grants: string): (query: ListQuery) => Question<Page> {
  return (query) => {
    const { limit } = query;
    const { table, conditions, order, values } = filterOf(grants, query);
    return {
      statement: `${table}
        SELECT ${columns("clock_timestamp()")} FROM listed WHERE ${conditions.join(" AND ")}
        ORDER BY ${order.map((column) => `listed.${column}`).join(", ")} LIMIT $${values.length + 1}::int`,
      // One more than asked for tells whether another page follows.
      values: [...values, limit + 1],
      read: (rows) => {
        const page = rows.slice(0, limit);
        const last = rows.length > limit ? page.at(-1) : undefined;
        return { rows: page.map(decodeRow), next: last && text(last, "sequence") };
      },
    };
  };
}

export function notAPlace(): GrantkeeperError {
  return new GrantkeeperError("invalid_request", "A page begins after the last one's `next`.");
}

interface FilterOfTable {
  readonly table: string;
  readonly conditions: readonly string[];
  readonly order: readonly string[];
  readonly values: readonly Value[];
}

/**
 * The most telling condition leads. It is asked as a range of its index, in the order of that: for one that is an
 * equation, the planner takes the order of the sequence alone to be as good, and may go through the whole table. The other
 * conditions are on expressions, so that it goes through no index of theirs either.
 */
function filterOf(grants: string, query: ListQuery): FilterOfTable {
  const { tokenHash, ownerHash, accountHash, connector, state, after = "0" } = query;
  checkLimit(query.limit);
  if (!/^[0-9]{1,18}$/.test(after)) throw notAPlace();
  const values: string[] = [];
  const parameter = (value: string): string => `$${values.push(value)}`;

  const asked = Object.entries({ owner_hash: ownerHash, account_hash: accountHash, connector, state }).flatMap(
    ([column, value]) => (value === undefined ? [] : [{ column, value }]),
  );
  // Of a connector's rows, those of one state may be few: these two have an index together.
  const leading = tokenHash !== undefined ? 0 : asked[0]?.column === "connector" ? asked.length : 1;
  const [lead, others] = [asked.slice(0, leading), asked.slice(leading)];

  const token = tokenHash === undefined ? "" : ` WHERE token_hashes @> ARRAY[${parameter(tokenHash)}]`;
  // The rows of a token are few, and all of them are fetched first.
  const table = `WITH listed AS ${token === "" ? "NOT MATERIALIZED" : "MATERIALIZED"} (SELECT * FROM ${grants}${token})`;
  const order = [...lead.map(({ column }) => column), "sequence"];
  const bounds = lead.map(({ value }) => parameter(value));
  const conditions = [`(${order.join(", ")}) > (${[...bounds, `${parameter(after)}::text::bigint`].join(", ")})`];
  if (lead.length > 0) conditions.push(`(${order.slice(0, -1).join(", ")}) <= (${bounds.join(", ")})`);
  for (const { column, value } of others) conditions.push(`(${column} || '') = ${parameter(value)}`);
  return { table, conditions, order, values };
}
