import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "../index.ts";

/** Migrates, and is killed before the statement of the given number: nothing of this process can tidy up. */
const [path = "", count = "0"] = process.argv.slice(2);
let left = Number(count);
const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
  for (const statement of sql.split(/;\s*(?:\n|$)/).filter((part) => part.trim() !== "")) {
    if (left-- === 0) process.kill(process.pid, "SIGKILL");
    exec.call(this, statement);
  }
};
const store = sqliteStore(path);
await store.migrate();
await store.close();
