import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stage } from "../runner/case.ts";
import { dropSchemas } from "./postgres.ts";

/** A folder and the beginning of names of schemas for the sides of one case; both are removed afterwards. */
export async function createPlace(kind: string): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "grantkeeper-benchmark-"));
  const schema = `benchmark_${randomBytes(6).toString("hex")}`;
  return {
    settings: { folder, schema },
    async close() {
      await rm(folder, { recursive: true });
      if (kind === "postgres") await dropSchemas(schema);
    },
  };
}
