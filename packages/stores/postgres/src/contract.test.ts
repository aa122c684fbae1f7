import { storeContract } from "@grantkeeper/testing";
import { describe, test } from "vitest";
import { postgresStore } from "./index.ts";
import { startProxy } from "./test/proxy.ts";
import { createPool, dropSchema, missingServer, newSchemaName } from "./test/server.ts";

const missing = await missingServer();

describe.skipIf(missing)(missing ?? "a store's contract", () => {
  const makeStore = async () => {
    const proxy = await startProxy();
    const pool = createPool({ connectionString: proxy.url });
    const schema = newSchemaName();
    const dispose = async () => {
      await dropSchema(pool, schema);
      await pool.end();
      await proxy.close();
    };
    return { store: postgresStore({ pool, schema }), interrupt: proxy.interrupt, dispose };
  };
  storeContract(test, makeStore, { interrupts: true });
});
