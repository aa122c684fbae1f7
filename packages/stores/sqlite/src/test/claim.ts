import { randomUUID } from "node:crypto";
import { sqliteStore } from "../index.ts";
import { finish, startLine } from "./start-line.ts";

/** Claims all that is due, page by page, and tells which rows it got. */
const [path = "", limit = "1"] = process.argv.slice(2);
const store = sqliteStore(path);
await store.migrate();
await startLine();

const claimed: string[] = [];
let after: string | undefined;
do {
  const page = await store.claimDue({
    ...{ dueUntil: 1_000, holder: randomUUID(), durationMs: 60_000, limit: Number(limit), after },
  });
  claimed.push(...page.claimed.map(({ lease }) => lease.connectionId));
  after = page.next;
} while (after !== undefined);
await store.close();
finish(claimed);
