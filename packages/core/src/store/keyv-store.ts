import { GrantkeeperError } from "../errors.ts";
import { createLocks } from "../locks.ts";
import { createAccess, isInMemory, type KeyvLike } from "./keyv/access.ts";
import { createInstanceGuard } from "./keyv/instance-guard.ts";
import { keyvMemory } from "./keyv/memory.ts";
import { createRows } from "./keyv/rows.ts";
import { createValues } from "./keyv/values.ts";
import { checkLimit } from "./paging.ts";
import type { ClaimedRow, CommitCondition, GrantRow, OpenIntent, Store } from "./port.ts";

export type { KeyvLike } from "./keyv/access.ts";

export interface KeyvStoreOptions {
  /**
   * Goes on although another live process uses the same database. Keyv cannot compare and set, so both may then refresh
   * one grant at once and lose it.
   */
  readonly allowUnsafe?: boolean;
  /** Unix milliseconds; for tests. */
  readonly now?: () => number;
}

/**
 * Keeps grants in any Keyv adapter, or in memory when none is given. Right for one process at a time: a second live one
 * on the same database is refused with `invalid_config`.
 */
export function keyvStore(keyv: KeyvLike = keyvMemory(), options: KeyvStoreOptions = {}): Store {
  const { allowUnsafe = false, now = Date.now } = options;
  const inMemory = isInMemory(keyv);
  const access = createAccess(keyv, now);
  const locks = createLocks();
  const guard = inMemory || allowUnsafe ? undefined : createInstanceGuard({ ...access, now });
  const rows = createRows({ access, locks, now, ready });
  const values = createValues({ access, locks, now, ready, assertThere });
  let opened: Promise<void> | undefined;

  async function open(): Promise<void> {
    if ((keyv.ttl ?? 0) > 0) {
      throw new GrantkeeperError(
        "invalid_config",
        "The Keyv instance has a default ttl, after which grants would vanish.",
      );
    }
    await guard?.enter();
    try {
      await findEntries();
    } catch (error) {
      // The next try starts anew; what could not be taken back says by its process id that nobody stands behind it.
      await guard?.leave().catch(() => undefined);
      throw error;
    }
  }

  /** Reads what there is. Keyv's iterator is silently empty on an adapter that has none: a probe shows that. */
  async function findEntries(): Promise<void> {
    if (!inMemory) await access.write(probeKey, now());
    let probed = inMemory;
    await access.visitAll((key, value) => {
      rows.found(key, value);
      values.found(key, value);
      probed ||= key === probeKey;
    });
    if (!probed) {
      throw new GrantkeeperError(
        "invalid_config",
        "The Keyv adapter cannot iterate, so rows could not be found again.",
      );
    }
  }

  function migrate(): Promise<void> {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  }

  async function ready(): Promise<void> {
    await migrate();
    guard?.assertAlone();
  }

  /** That nothing was found comes out of memory, where it would also come from during an outage. */
  async function assertThere(): Promise<void> {
    await access.read(probeKey);
  }

  return {
    scope: "process",
    kind: inMemory ? "memory" : "keyv",
    migrate,
    get: rows.get,

    async insert(row) {
      const { connectionId, identityHash } = row;
      const index = await rows.index();
      const outcome = await rows.changing<InsertOutcome>(connectionId, async (existing) => {
        if (existing !== undefined) return { inserted: false, connectionId };
        const reserved = index.reserve(identityHash, connectionId);
        if (reserved !== undefined) return { inserted: false, connectionId: reserved };
        try {
          const at = now();
          await rows.save({
            ...row,
            fence: 0,
            lease: undefined,
            intents: [],
            createdAt: at,
            updatedAt: at,
            readAt: at,
          });
          return { inserted: true };
        } finally {
          rows.endReservation(identityHash, connectionId);
        }
      });
      // It may be about to be written: whoever is told of it is to find it.
      if (!outcome.inserted) await locks.run(outcome.connectionId, async () => undefined);
      return outcome;
    },

    lease(request) {
      const { connectionId, holder } = request;
      return rows.changing(connectionId, async (row) => {
        if (row === undefined) return { kind: "absent" };
        const at = now();
        const remainingMs = (row.lease?.until ?? at) - at;
        if (remainingMs > 0 && row.lease?.holder !== holder) return { kind: "held", remainingMs };
        if (!holds(row, request)) return { kind: "moved", row };
        const fence = row.fence + 1;
        const { intent } = request;
        const intents =
          intent === undefined ? row.intents : [...without(row.intents, [intent.tokenSet]), { ...intent, at }];
        await rows.save({ ...row, fence, lease: { holder, until: at + request.durationMs }, intents });
        return { kind: "leased", lease: { connectionId, holder, fence }, row: { ...row, fence } };
      });
    },

    release({ lease, intents }) {
      return rows.changing(lease.connectionId, async (row) => {
        if (row === undefined || row.fence !== lease.fence || row.lease?.holder !== lease.holder) return;
        await rows.save({ ...row, lease: undefined, intents: intents ?? row.intents });
      });
    },

    async commit({ expected, payload, clearIntents }) {
      const index = await rows.index();
      return rows.changing(expected.connectionId, async (row) => {
        if (row === undefined || !holds(row, expected)) return "superseded";
        const { grantId, version, sealed, state, dueAt, identityHash, accountHash, tokenHashes } = payload;
        if (index.reserve(identityHash, row.connectionId) !== undefined) return "identity_taken";
        try {
          const intents = without(row.intents, clearIntents);
          const changed = { grantId, version, sealed, state, dueAt, identityHash, accountHash, tokenHashes, intents };
          await rows.save({ ...row, ...changed, lease: undefined, updatedAt: now() });
          return "committed";
        } finally {
          rows.endReservation(identityHash, row.connectionId);
        }
      });
    },

    delete(condition) {
      return rows.changing(condition.connectionId, async (row) => {
        if (row === undefined || !holds(row, condition)) return "superseded";
        await rows.remove(condition.connectionId);
        return "deleted";
      });
    },

    rewrap({ connectionId, grantId, expected, wrappedKey }) {
      return rows.changing(connectionId, async (row) => {
        if (row?.grantId !== grantId || Buffer.compare(row.wrappedKey, expected) !== 0) return "moved";
        await rows.save({ ...row, wrappedKey });
        return "rewrapped";
      });
    },

    async claimDue({ dueUntil, holder, durationMs, after, limit }) {
      checkLimit(limit);
      const claimed: ClaimedRow[] = [];
      for (const { connectionId, place } of (await rows.index()).due(dueUntil, after)) {
        const claim = await rows.changing(connectionId, async (row) => {
          const at = now();
          // What the index knew may have changed while others were claimed.
          if (row?.dueAt === undefined || row.dueAt > dueUntil || (row.lease?.until ?? at) > at) return undefined;
          const fence = row.fence + 1;
          const taken = { ...row, fence, lease: { holder, until: at + durationMs } };
          await rows.save(taken);
          return { lease: { connectionId, holder, fence }, row: taken };
        });
        if (claim !== undefined) claimed.push(claim);
        if (claimed.length === limit) return { claimed, next: place };
      }
      if (claimed.length === 0) await assertThere();
      return { claimed, next: undefined };
    },

    async list(query) {
      checkLimit(query.limit);
      const page = (await rows.index()).page(query);
      if (page.connectionIds.length === 0) await assertThere();
      const found = await Promise.all(page.connectionIds.map(rows.get));
      return { rows: found.filter((row) => row !== undefined), next: page.next };
    },

    flows: values.flows,
    records: values.records,

    async close() {
      await locks.idle();
      await guard?.leave();
      await access.disconnect();
    },
  };
}

type InsertOutcome = Awaited<ReturnType<Store["insert"]>>;

const probeKey = "probe";

function holds(row: GrantRow, expected: CommitCondition): boolean {
  return row.grantId === expected.grantId && row.version === expected.version && row.fence === expected.fence;
}

function without(intents: readonly OpenIntent[], tokenSets: readonly string[]): readonly OpenIntent[] {
  return intents.filter((intent) => !tokenSets.includes(intent.tokenSet));
}
