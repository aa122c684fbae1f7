import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

/** Holds the write lock of a SQLite file for as long as it is told, and answers when it has let go of it. */
const [path = ""] = process.argv.slice(2);
const database = new DatabaseSync(path, { timeout: 2_000 });

process.on("message", (message: { readonly forMs: number }) => {
  hold(message.forMs).then(
    () => process.send?.("free"),
    () => process.send?.("busy"),
  );
});
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit(0));

async function hold(forMs: number): Promise<void> {
  database.exec("BEGIN IMMEDIATE");
  try {
    await delay(forMs);
  } finally {
    database.exec("ROLLBACK");
  }
}
