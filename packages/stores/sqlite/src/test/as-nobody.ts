import { isGrantkeeperError } from "@grantkeeper/core";
import { sqliteStore } from "../index.ts";
import { newRow } from "./new-row.ts";
import { finish, startLine } from "./start-line.ts";

/** Opens a file as a user who owns nothing, since file modes do not bind an administrator, and inserts a row. */
const [path = "", connectionId = ""] = process.argv.slice(2);
const nobody = 65_534;
if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(nobody);
  process.setuid?.(nobody);
}
const store = sqliteStore(path);
await startLine();
const outcome = await store
  .migrate()
  .then(() => store.insert(newRow(connectionId)))
  .catch((error: unknown) => {
    if (!isGrantkeeperError(error)) throw error;
    return { code: error.code, remedy: error.remedy, message: error.message };
  });
await store.close();
finish(outcome);
