import type { Journal, JournalEntry } from "../refresh/journal.ts";
import type { Carry } from "./store-port.ts";
import type { World } from "./world.ts";

/** The journal as one life of a process sees it: each operation is a message to the disk of its host. */
export function hostJournal(world: World, life: number, host: number, carry: Carry): Journal {
  const entries = world.journals[host] ?? new Map<string, JournalEntry>();
  const nameOf = ({ connectionId, attemptId }: Pick<JournalEntry, "connectionId" | "attemptId">): string =>
    `${connectionId}.${attemptId}`;
  return {
    write: (entry) =>
      carry("journal", () => {
        entries.set(nameOf(entry), entry);
        const { attemptId, tokenSet, grant, received } = entry;
        const spent = grant.tokenSets[tokenSet]?.refreshToken?.reveal() ?? "";
        const newToken = received[tokenSet]?.refreshToken?.reveal();
        world.observe({ kind: "journalled", life, host, attemptId, spent, received: newToken });
      }),
    remove: (entry) =>
      carry("journal", () => {
        entries.delete(nameOf(entry));
        world.observe({ kind: "unjournalled", host, attemptId: entry.attemptId });
      }),
    find: (connectionId) =>
      carry("journal", () => [...entries.values()].filter((entry) => entry.connectionId === connectionId)),
    // Entries are not sealed here.
    sealedBy: () => carry("journal", () => []),
    connectionIds: () => carry("journal", () => [...new Set([...entries.values()].map((entry) => entry.connectionId))]),
  };
}
