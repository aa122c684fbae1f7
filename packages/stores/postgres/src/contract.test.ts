import { storeContract } from "@grantkeeper/testing";
import { describe, test } from "vitest";
import { postgresStore } from "./index.ts";
import { createPool, dropSchema, missingServer, newSchemaName } from "./test/server.ts";

const missing = await missingServer();

describe.skipIf(missing)(missing ?? "a store's contract", () => {
  storeContract(test, async () => {
    const pool = createPool();
    const schema = newSchemaName();
    const dispose = async () => {
      await dropSchema(pool, schema);
      await pool.end();
    };
    return { store: postgresStore({ pool, schema }), dispose };
  });
});
