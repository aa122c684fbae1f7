import type { Invariant } from "./checks/check.ts";
import type { Edit } from "./edits.ts";
import type { StoreProtection } from "./memory-store.ts";
import type { MixtureName } from "./plans.ts";
import type { RotationMode } from "./provider.ts";

/** The protocol with one protection taken out. */
export interface Mutation {
  readonly name: string;
  readonly mode: RotationMode;
  /** What shows it soon. */
  readonly mixture: MixtureName;
  readonly seed: number;
  /** Of these at least one must be found broken. */
  readonly breaks: readonly Invariant[];
  readonly edits?: readonly Edit[];
  readonly without?: StoreProtection;
}

export const mutations: readonly Mutation[] = [
  {
    name: "a commit ignores the fence",
    mode: "until-used",
    mixture: "stale",
    seed: 1,
    breaks: ["I1", "I4"],
    without: "fence in commit",
  },
  {
    name: "a commit ignores the grant id",
    mode: "strict",
    mixture: "backups",
    seed: 3,
    breaks: ["I3"],
    without: "grant id in commit",
  },
  {
    name: "a lease is taken of a row that has moved since it was read",
    mode: "strict",
    mixture: "calm",
    seed: 1,
    breaks: ["I1", "I3", "I7"],
    without: "lease as read",
  },
  {
    name: "anybody may release a lease",
    mode: "until-used",
    mixture: "stale",
    seed: 4,
    breaks: ["I1", "I4"],
    without: "owner in release",
  },
  {
    name: "an access token is used before its commit",
    mode: "until-used",
    mixture: "calm",
    seed: 1,
    breaks: ["I5"],
    edits: [
      {
        file: "refresh/settle.ts",
        find: "const saved = await saveRefreshed(options, held, { name, attemptId, tokenSets, usable: true, doubted });",
        replace: `void saveRefreshed(options, held, { name, attemptId, tokenSets, usable: true, doubted }).catch(() => undefined);
    const saved = { row: held.row, grant: { ...held.grant, tokenSets: { ...held.grant.tokenSets, ...tokenSets } } };`,
      },
    ],
  },
  {
    name: "invalid_grant is believed although the row has moved",
    mode: "strict-refuses",
    mixture: "late",
    seed: 6,
    breaks: ["I6"],
    edits: [
      {
        file: "refresh/settle.ts",
        find: `      row.grantId === held.row.grantId && row.version === held.row.version && row.fence === held.lease.fence;
    if (!untouched || `,
        replace: `      row.grantId === held.row.grantId && row.version === held.row.version && row.fence === held.lease.fence;
    if (!untouched) throw reauthorizationRequired(held.grant.connector, name, "revoked");
    if (`,
      },
    ],
  },
  {
    name: "a caller is told the end of a grant that could not be marked",
    mode: "strict-refuses",
    mixture: "late",
    seed: 2,
    breaks: ["I6"],
    edits: [
      {
        file: "refresh/settle.ts",
        find: 'if (!(await markEnded(held, name, reason))) return "look again";',
        replace: "await markEnded(held, name, reason);",
      },
    ],
  },
  {
    name: "the refresh token of an unusable answer is dropped",
    mode: "strict",
    mixture: "ordinary",
    seed: 1,
    breaks: ["I2", "I1"],
    edits: [
      {
        file: "refresh/settle.ts",
        find: "if (refreshToken === undefined || sameSecret(refreshToken, tokenSet.refreshToken)) return leases.release(held);",
        replace: "if (refreshToken !== undefined || tokenSet.refreshToken !== undefined) return leases.release(held);",
      },
    ],
  },
  {
    name: "no intent is written",
    mode: "strict",
    mixture: "ordinary",
    seed: 1,
    breaks: ["I1"],
    edits: [
      {
        file: "grant/leases.ts",
        find: "return store.lease({ connectionId, grantId, version, fence, holder, durationMs: leaseMs, intent });",
        replace:
          "return store.lease({ connectionId, grantId, version, fence, holder, durationMs: leaseMs, intent: intent && { ...intent, refreshTokenHash: intent.attemptId } });",
      },
    ],
  },
  {
    name: "a recovery does not wait",
    mode: "strict",
    mixture: "ordinary",
    seed: 2,
    breaks: ["I1"],
    edits: [
      {
        file: "refresh/recovery.ts",
        find: "return Math.max(0, intent.at + recoveryWaitMs - at);",
        replace: "return 0 * (intent.at + recoveryWaitMs - at);",
      },
    ],
  },
  {
    name: "the lease is not looked at before sending",
    mode: "strict",
    mixture: "late",
    seed: 3,
    breaks: ["I1", "I4"],
    edits: [
      {
        file: "refresh/refresh.ts",
        find: "now() - held.takenAt + options.callTimeoutMs + safetyMs <= options.leaseMs;",
        replace: "now() - held.takenAt + options.callTimeoutMs + safetyMs <= Number.POSITIVE_INFINITY;",
      },
    ],
  },
  {
    name: "a journalled answer applies to any row",
    mode: "strict",
    mixture: "outages",
    seed: 3,
    breaks: ["I3"],
    edits: [
      {
        file: "refresh/journalled.ts",
        find: "return entry.grantId === row.grantId && entry.refreshTokenHash === refreshTokenHash && entry.attemptId === attempt;",
        replace: "return [entry.grantId, row.grantId, refreshTokenHash, attempt].length > 0;",
      },
    ],
  },
  {
    name: "a journalled answer is not looked for",
    mode: "strict",
    mixture: "outages",
    seed: 6,
    breaks: ["I8"],
    edits: [
      {
        file: "refresh/refresh.ts",
        find: 'if (entry !== undefined) return { kind: "take", intent: undefined, plan: { kind: "apply", entry } };',
        replace:
          'if (entry?.attemptId === "") return { kind: "take", intent: undefined, plan: { kind: "apply", entry } };',
      },
    ],
  },
  {
    name: "an unanswered request is repeated at once under strict rotation",
    mode: "strict",
    mixture: "ordinary",
    seed: 1,
    breaks: ["I1"],
    edits: [
      {
        file: "refresh/recovery.ts",
        find: 'return outcome.kind === "ambiguous" && !outcome.answered && rotation.kind !== "strict";',
        replace: 'return outcome.kind === "ambiguous" && !outcome.answered && rotation.kind.length > 0;',
      },
    ],
  },
  {
    name: "an intent that another left is cleared by who sent nothing",
    mode: "strict",
    mixture: "ordinary",
    seed: 3,
    breaks: ["I1"],
    edits: [
      {
        file: "grant/leases.ts",
        find: "return store.release({ lease, intents: row.intents });",
        replace: "return store.release({ lease, intents: [] });",
      },
    ],
  },
  {
    name: "who sent nothing leaves an intent of its own",
    mode: "strict",
    mixture: "ordinary",
    seed: 3,
    breaks: ["I6"],
    edits: [
      {
        file: "refresh/settle.ts",
        find: "await (isSent ? leases.release(held) : leases.withdraw(held)).catch(() => undefined);",
        replace: "await leases.release(held).catch(() => undefined);",
      },
    ],
  },
  {
    name: "a failure is tried again at once",
    mode: "none",
    mixture: "ordinary",
    seed: 4,
    breaks: ["I7"],
    edits: [
      {
        file: "refresh/refresh.ts",
        find: "if (failure !== undefined) throw failure;",
        replace: "if (failure?.code === undefined && failure !== undefined) throw failure;",
      },
    ],
  },
  {
    name: "a commit that the store could not take is given up",
    mode: "strict",
    mixture: "outages",
    seed: 2,
    breaks: ["I2", "I8", "I1"],
    edits: [
      {
        file: "refresh/save-refreshed.ts",
        find: "if (!maySucceedLater(error) || isClosed()) throw error;",
        replace: "if (maySucceedLater(error) || isClosed()) throw error;",
      },
    ],
  },
  {
    name: "a late answer replaces what came after it",
    mode: "grace",
    mixture: "late",
    seed: 3,
    breaks: ["I3"],
    edits: [
      {
        file: "refresh/save-refreshed.ts",
        find: "if (isSaved || !sameSecret(there?.refreshToken, spent)) return { saved: current };",
        replace: "if (isSaved) return { saved: current };",
      },
    ],
  },
  {
    name: "a consent keeps the grant id",
    mode: "strict",
    mixture: "backups",
    seed: 1,
    breaks: ["I3"],
    edits: [
      {
        file: "flow/connect.ts",
        find: "grants.commit(held, grant, { replaced, newGrantId: true })",
        replace: "grants.commit(held, grant, { replaced, newGrantId: false })",
      },
    ],
  },
  {
    name: "an older consent's grant stays in memory",
    mode: "none",
    mixture: "backups",
    seed: 4,
    breaks: ["I6"],
    edits: [
      {
        file: "connection/token-cache.ts",
        find: "return row.grantId === known.grantId ? row.version < known.version : row.readAt < known.readAt;",
        replace: "return row.version < known.version;",
      },
    ],
  },
];
