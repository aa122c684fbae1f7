import type { JournalEntry } from "../refresh/journal.ts";
import type { Agenda } from "./agenda.ts";
import type { Happening } from "./history.ts";
import type { MemoryStore } from "./memory-store.ts";
import type { Fate, Operation, Plan } from "./plan.ts";
import type { Provider } from "./provider.ts";
import type { Reader } from "./reader.ts";
import type { Scene } from "./scene.ts";

/** What all processes of a sequence share. */
export interface World {
  readonly plan: Plan;
  readonly scene: Scene;
  readonly agenda: Agenda;
  readonly store: MemoryStore;
  readonly provider: Provider;
  readonly reader: Reader;
  /** What lies in the folder of each host. */
  readonly journals: readonly Map<string, JournalEntry>[];
  /** Writes history. */
  readonly observe: (happening: Happening) => void;
  /** Tells a reader of the timeline. The line is made only where somebody reads it. */
  readonly trace: (process: number | undefined, line: () => string) => void;
  /** What is planned for the next request of this kind. */
  readonly fateOf: (operation: Operation) => Fate | undefined;
  /** Whether a process cannot reach the store at this time. */
  readonly isCutOff: (process: number) => boolean;
  readonly nextNumber: () => number;
  readonly count: (what: Counted) => void;
}

/** What a run is summed up by. */
export const counted = [
  "commands",
  "tokenRequests",
  "refreshes",
  "crashes",
  "pauses",
  "outages",
  "lostResponses",
  "restores",
  "reconnects",
] as const;
export type Counted = (typeof counted)[number];
