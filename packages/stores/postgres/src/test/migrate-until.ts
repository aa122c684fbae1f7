import type { PostgresPool } from "../index.ts";
import { postgresStore } from "../index.ts";
import { createPool } from "./server.ts";

/** Migrates, and is killed before the statement of the given number: nothing of this process can tidy up. */
const [schema = "", count = "0"] = process.argv.slice(2);
let left = Number(count);
const pool = createPool();
const dying: PostgresPool = {
  query: (text, values) => pool.query(text, values),
  async connect() {
    const client = await pool.connect();
    return {
      release: (error) => client.release(error),
      async query(text, values) {
        let result = { rows: [], rowCount: 0 } as Awaited<ReturnType<PostgresPool["query"]>>;
        for (const statement of text.split(/;\s*(?:\n|$)/).filter((part) => part.trim() !== "")) {
          if (left-- === 0) process.kill(process.pid, "SIGKILL");
          result = await client.query(statement, values);
        }
        return result;
      },
    };
  },
};
await postgresStore({ pool: dying, schema }).migrate();
await pool.end();
