import type { GrantRow } from "../store/port.ts";
import type { MemoryStore } from "./memory-store.ts";
import type { SealedRow } from "./reader.ts";
import type { World } from "./world.ts";

/** The store, with what one life of a process changes in it written into the history. */
export function observedStore(world: World, life: number, accountOf: (connectionId: string) => number): MemoryStore {
  const { store, reader, observe } = world;

  function stored(cause: "insert" | "commit", row: SealedRow): void {
    void reader.read(row).then((content) => observe({ kind: "stored", life, cause, ...content }));
  }

  return {
    ...store,
    insert(row) {
      const result = store.insert(row);
      if (result.inserted) stored("insert", row);
      return result;
    },
    lease(request) {
      const before = store.get(request.connectionId);
      const outcome = store.lease(request);
      if (outcome.kind === "leased" && before !== undefined) {
        const { connectionId, intent, durationMs } = request;
        const { fence } = outcome.lease;
        const until = world.agenda.now() + durationMs;
        const found = intent === undefined ? undefined : openBefore(before, intent.refreshTokenHash);
        observe({ kind: "leased", life, account: accountOf(connectionId), connectionId, fence, until, intent, found });
      }
      return outcome;
    },
    commit(commit) {
      const row = store.get(commit.expected.connectionId);
      const outcome = store.commit(commit);
      if (outcome === "committed" && row !== undefined) stored("commit", { ...row, ...commit.payload });
      return outcome;
    },
    delete(condition) {
      const outcome = store.delete(condition);
      if (outcome === "deleted") observe({ kind: "deleted", life, account: accountOf(condition.connectionId) });
      return outcome;
    },
  };
}

function openBefore(
  { intents, readAt }: GrantRow,
  refreshTokenHash: string,
): { readonly attemptId: string; readonly ageMs: number } | undefined {
  const found = intents.find((intent) => intent.refreshTokenHash === refreshTokenHash);
  return found === undefined ? undefined : { attemptId: found.attemptId, ageMs: readAt - found.at };
}
