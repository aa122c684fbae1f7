import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { GrantkeeperError } from "../../errors.ts";

/** Notices a second live process on the same database by a heartbeat, and refuses to work beside it. */
export interface InstanceGuard {
  enter(): Promise<void>;
  /** Throws once another instance has been seen to have taken over. */
  assertAlone(): void;
  leave(): Promise<void>;
}

export interface InstanceGuardOptions {
  readonly read: (key: string) => Promise<unknown>;
  readonly write: (key: string, value: unknown) => Promise<void>;
  readonly remove: (key: string) => Promise<void>;
  readonly now: () => number;
}

interface Heartbeat {
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly at: number;
}

const key = "instance";
const beatMs = 5_000;
const staleMs = 4 * beatMs;

/** Instances of this very process, over all installed copies of this package: tells a live one from a reused pid. */
const registry = Symbol.for("grantkeeper.keyv-instances");

function liveInstances(): Set<string> {
  const holder = globalThis as { [registry]?: Set<string> };
  holder[registry] ??= new Set();
  return holder[registry];
}

export function createInstanceGuard({ read, write, remove, now }: InstanceGuardOptions): InstanceGuard {
  const instance = randomUUID();
  let timer: NodeJS.Timeout | undefined;
  let displaced = false;

  const beat = (): Promise<void> =>
    write(key, { instance, host: hostname(), pid: process.pid, at: now() } satisfies Heartbeat);

  async function tick(): Promise<void> {
    const seen = (await read(key)) as Heartbeat | undefined;
    if (seen !== undefined && seen.instance !== instance) displaced = true;
    else await beat();
  }

  return {
    async enter() {
      const seen = (await read(key)) as Heartbeat | undefined;
      if (seen !== undefined && isLive(seen, now())) throw refusal();
      await beat();
      // Two that start at the same moment both find nothing: the one whose beat was written last stays.
      await new Promise((resolve) => setTimeout(resolve, 25));
      const kept = (await read(key)) as Heartbeat | undefined;
      if (kept?.instance !== instance) throw refusal();
      liveInstances().add(instance);
      displaced = false;
      timer = setInterval(() => {
        // A store that is down says so at the next call; a missed beat only makes this one look stale.
        tick().catch(() => undefined);
      }, beatMs);
      timer.unref();
    },
    assertAlone() {
      if (displaced) throw refusal();
    },
    async leave() {
      clearInterval(timer);
      if (!liveInstances().delete(instance) || displaced) return;
      const seen = (await read(key)) as Heartbeat | undefined;
      if (seen?.instance === instance) await remove(key);
    },
  };
}

function isLive(seen: Heartbeat, now: number): boolean {
  if (now - seen.at > staleMs) return false;
  if (seen.host !== hostname()) return true;
  if (seen.pid === process.pid) return liveInstances().has(seen.instance);
  try {
    process.kill(seen.pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return (error as { code?: string }).code === "EPERM";
  }
}

function refusal(): GrantkeeperError {
  return new GrantkeeperError(
    "invalid_config",
    "Another live process keeps its grants in the same database. Keyv cannot compare and set, so keyvStore is for one " +
      "process: use a store that several may share, or stop the other process. allowUnsafe goes on all the same.",
  );
}
