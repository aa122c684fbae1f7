import { randomUUID } from "node:crypto";
import { sqliteStore } from "../index.ts";
import { finish, startLine } from "./start-line.ts";

/** Asks for the lease of one row again and again; every other time it adds one to the number that the row holds. */
const [path = "", connectionId = "", attempts = "0"] = process.argv.slice(2);
const store = sqliteStore(path);
await store.migrate();
await startLine();

const fences: number[] = [];
let commits = 0;
for (let attempt = 0; attempt < Number(attempts); attempt++) {
  const row = await store.get(connectionId);
  if (row === undefined) throw new Error("the row is gone");
  const { grantId, version, fence } = row;
  const outcome = await store.lease({
    ...{ connectionId, grantId, version, fence, holder: randomUUID(), durationMs: 60_000 },
    intent: { attemptId: randomUUID(), tokenSet: "default", refreshTokenHash: "hash" },
  });
  if (outcome.kind !== "leased") continue;
  fences.push(outcome.lease.fence);
  if (fences.length % 2 === 0) {
    await store.release({ lease: outcome.lease, intents: [] });
    continue;
  }
  const sealed = Buffer.from(String(Number(Buffer.from(outcome.row.sealed).toString()) + 1));
  const expected = { connectionId, grantId, version, fence: outcome.lease.fence };
  const payload = { ...row, version: version + 1, sealed };
  const committed = await store.commit({ expected, payload, clearIntents: ["default"] });
  if (committed !== "committed") throw new Error(committed);
  commits++;
}
await store.close();
finish({ fences, commits });
