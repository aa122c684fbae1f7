import type { Environment } from "../environment.ts";
import { GrantkeeperError } from "../errors.ts";
import { createLocks } from "../locks.ts";
import type { LeaseKey, LeaseOutcome, RefreshIntent, Store } from "../store/port.ts";
import { type OpenGrant, opensAlike } from "./grant.ts";
import type { Grants } from "./grants.ts";

/** A grant whose lease is held. */
export interface HeldGrant extends OpenGrant {
  readonly lease: LeaseKey;
  /** When the lease was asked for, at the latest: it ends `leaseMs` later or after that. Unix milliseconds. */
  readonly takenAt: number;
}

/** What a would-be holder makes of the row that it read. */
export type Decision<Result, Plan = undefined> =
  /** `plan` is what the work needs and what was found out before the lease was taken. */
  | { readonly kind: "take"; readonly intent: RefreshIntent | undefined; readonly plan: Plan }
  /** Nothing is left to do. */
  | { readonly kind: "done"; readonly result: Result }
  /** Not yet: after `waitMs`, or with this error if the caller cannot wait so long. */
  | { readonly kind: "wait"; readonly waitMs: number; readonly error: GrantkeeperError };

export interface LeasesOptions {
  readonly store: Store;
  readonly grants: Grants;
  readonly environment: Environment;
  readonly leaseMs: number;
  /** How long one waits for another's lease. */
  readonly waitMs: number;
  /** True once the keeper is closing: then nobody waits for anybody. */
  readonly isClosing: () => boolean;
}

/** One holder at a time for each connection: in this process by a queue, across processes by the store's lease. */
export interface Leases {
  /**
   * Reads the row, decides, takes the lease and works. The work returns after a commit, a delete or a release of its own;
   * where it throws, the lease is given back and its intent stays.
   */
  hold<Result, Plan = undefined>(
    connectionId: string,
    decide: (open: OpenGrant) => Promise<Decision<Result, Plan>>,
    work: (held: HeldGrant, plan: Plan) => Promise<Result>,
    options?: HoldOptions,
  ): Promise<Result>;
  /** Takes the lease once, without a queue and without waiting: for who must save what it already has. */
  tryTake(open: OpenGrant): Promise<HeldGrant | undefined>;
  /** Gives a lease back; its intent stays. */
  release(held: HeldGrant): Promise<void>;
  /** Gives a lease back for whose sake nothing was sent: the row has the intents again that it had before. */
  withdraw(held: HeldGrant): Promise<void>;
  /** Lets nobody take a lease any more, wakes those who wait, and resolves when nobody of this process holds. */
  drain(): Promise<void>;
}

export interface HoldOptions {
  /** Under which name the lease is taken, where that holder has it already. */
  readonly holder?: string | undefined;
  /** The row as it was read before, however long ago: spares a read where it has not moved since. */
  readonly seen?: OpenGrant | undefined;
}

export function createLeases({ store, grants, environment, leaseMs, waitMs, isClosing }: LeasesOptions): Leases {
  const { now, after, random, randomId } = environment;
  const locks = createLocks();

  type Attempt<Result> =
    | { readonly kind: "result"; readonly result: Result }
    | { readonly kind: "wait"; readonly waitMs: number; readonly error: GrantkeeperError };

  async function hold<Result, Plan>(
    connectionId: string,
    decide: (open: OpenGrant) => Promise<Decision<Result, Plan>>,
    work: (held: HeldGrant, plan: Plan) => Promise<Result>,
    { holder, seen }: HoldOptions = {},
  ): Promise<Result> {
    const until = now() + waitMs;
    for (let count = 0; ; count++) {
      const known = count === 0 ? seen : undefined;
      // Whoever waits leaves the queue, so that others of this process get their turn.
      const attempt = await locks.run(connectionId, () =>
        attemptOnce(connectionId, count, holder, known, decide, work),
      );
      if (attempt.kind === "result") return attempt.result;
      if (isClosing()) throw closed();
      if (now() + attempt.waitMs > until) throw attempt.error;
      await sleep(attempt.waitMs);
    }
  }

  const sleepers = new Set<() => void>();
  let draining = false;

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        sleepers.delete(wake);
        resolve();
      };
      const cancel = after(ms, wake);
      sleepers.add(wake);
    });
  }

  async function attemptOnce<Result, Plan>(
    connectionId: string,
    count: number,
    claimant: string | undefined,
    seen: OpenGrant | undefined,
    decide: (open: OpenGrant) => Promise<Decision<Result, Plan>>,
    work: (held: HeldGrant, plan: Plan) => Promise<Result>,
  ): Promise<Attempt<Result>> {
    // Whoever took it now would find the store closed when there is something to save.
    if (draining) throw closed();
    const { open, decision } = (await decideOnSeen(seen, decide)) ?? (await decideOnRow(connectionId, decide));
    if (decision.kind === "done") return { kind: "result", result: decision.result };
    const { lease, readAt } = open.row;
    const holderMs = (lease?.until ?? 0) - readAt;
    if (holderMs > 0 && lease?.holder !== claimant) return waitForHolder(open, holderMs, count);
    // Only when nobody holds the lease is an open intent one whose holder is gone.
    if (decision.kind === "wait") return decision;
    const takenAt = now();
    const outcome = await take(open, claimant ?? randomId("hld"), decision.intent);
    if (outcome.kind === "absent") throw notConnected();
    if (outcome.kind === "moved") return waitForHolder(open, 0, count);
    if (outcome.kind === "held") return waitForHolder(open, outcome.remainingMs, count);
    const held: HeldGrant = { lease: outcome.lease, row: outcome.row, grant: open.grant, takenAt };
    // What is sent for a row that does not open could not be saved; and after a restored backup another one may look alike.
    if (open === seen && !opensAlike(open.row, outcome.row)) {
      await withdraw(held);
      return waitForHolder(open, 0, count);
    }
    try {
      return { kind: "result", result: await work(held, decision.plan) };
    } catch (error) {
      // Best effort: a lease that cannot be given back runs out. What the work threw is what matters.
      await release(held).catch(() => undefined);
      throw error;
    }
  }

  async function decideOnRow<Result, Plan>(
    connectionId: string,
    decide: (open: OpenGrant) => Promise<Decision<Result, Plan>>,
  ): Promise<{ readonly open: OpenGrant; readonly decision: Decision<Result, Plan> }> {
    const open = await grants.read(connectionId);
    if (open === undefined) throw notConnected();
    return { open, decision: await decide(open) };
  }

  /**
   * What was read before is good for one thing: to take the lease, which is given only if the row is still that. All else
   * that it says, errors too, may have passed, and is left to a look at the row.
   */
  async function decideOnSeen<Result, Plan>(
    seen: OpenGrant | undefined,
    decide: (open: OpenGrant) => Promise<Decision<Result, Plan>>,
  ): Promise<{ readonly open: OpenGrant; readonly decision: Decision<Result, Plan> } | undefined> {
    if (seen === undefined || seen.row.lease !== undefined || seen.row.intents.length > 0) return undefined;
    const decision = await decide(seen).catch(() => undefined);
    return decision?.kind === "take" ? { open: seen, decision } : undefined;
  }

  function take({ row }: OpenGrant, holder: string, intent: RefreshIntent | undefined): Promise<LeaseOutcome> {
    const { connectionId, grantId, version, fence } = row;
    return store.lease({ connectionId, grantId, version, fence, holder, durationMs: leaseMs, intent });
  }

  /** Looks again soon while a refresh may well end, then less often, and never long after the holder must be gone. */
  function waitForHolder({ grant }: OpenGrant, remainingMs: number, count: number): Attempt<never> {
    const error = new GrantkeeperError("lease_timeout", "Another process works on this connection for too long.", {
      connector: grant.connector,
      retryAt: new Date(now() + remainingMs),
    });
    const betweenMs = 10 * 2 ** Math.min(Math.max(count - 6, 0), 5);
    return { kind: "wait", waitMs: Math.min(remainingMs, betweenMs * (0.5 + random())), error };
  }

  function release({ lease }: HeldGrant): Promise<void> {
    return store.release({ lease });
  }

  function withdraw({ lease, row }: HeldGrant): Promise<void> {
    return store.release({ lease, intents: row.intents });
  }

  return {
    hold,
    async tryTake(open) {
      const takenAt = now();
      const outcome = await take(open, randomId("hld"), undefined);
      return outcome.kind === "leased" ? { ...open, row: outcome.row, lease: outcome.lease, takenAt } : undefined;
    },
    release,
    withdraw,
    drain() {
      draining = true;
      for (const wake of sleepers) wake();
      return locks.idle();
    },
  };
}

function closed(): GrantkeeperError {
  return new GrantkeeperError("closed", "The keeper was closed.");
}

export function notConnected(): GrantkeeperError {
  return new GrantkeeperError("not_connected", "There is no such connection.");
}

export function changedMeanwhile(connector: string, now: number): GrantkeeperError {
  return new GrantkeeperError("lease_timeout", "Another process changed this connection meanwhile.", {
    connector,
    retryAt: new Date(now + 1_000),
  });
}
