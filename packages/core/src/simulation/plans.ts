import fc, { type Arbitrary } from "fast-check";
import {
  type Action,
  type Command,
  type Fate,
  type Fault,
  type Operation,
  type Plan,
  processCount,
  type UselessAnswer,
} from "./plan.ts";
import { maximumAccounts } from "./scene.ts";

/** How often what happens, one number for each kind of action and fault. */
interface Mixture {
  readonly weight: number;
  readonly actions: Readonly<Record<Action["kind"], number>>;
  /** How many faults at most, and how often each kind. */
  readonly faults: number;
  readonly fates: Readonly<Record<FateGroup, number>>;
  /** How often each kind of request meets one. */
  readonly targets: Targets;
  /** Time between two commands: at once; steps of a refresh; an access token that gets old, or has run out. */
  readonly gaps: readonly (readonly [ms: number, weight: number])[];
}

export type MixtureName = "ordinary" | "calm" | "stale" | "late" | "outages" | "backups";

type Targets = Readonly<Partial<Record<Operation, number>>>;

type FateGroup = "slow" | "stale" | "connection" | "answer" | "crash" | "pause";

const ordinary: Mixture["actions"] = {
  token: 30,
  consent: 2,
  disconnect: 1,
  setMetadata: 3,
  rotateKeys: 1,
  keepAlive: 2,
  crash: 3,
  close: 1,
  pause: 3,
  userRevokes: 1,
  outage: 2,
  restore: 0,
};

const none: Mixture["actions"] = {
  ...{ token: 0, consent: 0, disconnect: 0, setMetadata: 0, rotateKeys: 0, keepAlive: 0 },
  ...{ crash: 0, close: 0, pause: 0, userRevokes: 0, outage: 0, restore: 0 },
};

const ordinaryFates: Mixture["fates"] = { slow: 4, stale: 0, connection: 6, answer: 3, crash: 3, pause: 3 };

const ordinaryTargets: Targets = {
  ...{ token: 12, commit: 9, lease: 5, get: 3, release: 4, journal: 4, exchange: 1, revoke: 1, insert: 1 },
  ...{ delete: 1, rewrap: 1, claimDue: 1, list: 1, flows: 1, records: 1, migrate: 1 },
};

const ordinaryGaps: Mixture["gaps"] = [
  [0, 12],
  [100, 2],
  [1_500, 2],
  [5_000, 1],
  [8_000, 2],
  [14_000, 2],
  [95_000, 3],
  [110_000, 12],
];

/** Little time between commands, so that they meet. */
const closeGaps: Mixture["gaps"] = [
  [0, 12],
  [100, 4],
  [1_500, 3],
  [6_500, 4],
  [14_000, 2],
  [110_000, 5],
];

const mixtures: Readonly<Record<MixtureName, Mixture>> = {
  ordinary: {
    weight: 6,
    actions: ordinary,
    faults: 5,
    fates: ordinaryFates,
    targets: ordinaryTargets,
    gaps: ordinaryGaps,
  },
  /** Nothing fails: what is left is the order. */
  calm: {
    weight: 1,
    actions: { ...ordinary, crash: 0, close: 0, pause: 0, outage: 0 },
    faults: 0,
    fates: ordinaryFates,
    targets: ordinaryTargets,
    gaps: ordinaryGaps,
  },
  /** Writes that arrive when another has the lease. */
  stale: {
    weight: 1,
    actions: { ...none, token: 20, setMetadata: 14, consent: 1, keepAlive: 1 },
    faults: 7,
    fates: { slow: 1, stale: 8, connection: 1, answer: 1, crash: 0, pause: 1 },
    targets: { token: 3, commit: 14, lease: 1, release: 5 },
    gaps: [
      [0, 10],
      [100, 3],
      [6_500, 2],
      [110_000, 6],
    ],
  },
  /** Processes and messages that come too late, while others change the row. */
  late: {
    weight: 3,
    actions: { ...none, token: 24, consent: 6, setMetadata: 6, userRevokes: 6, pause: 4, keepAlive: 1, disconnect: 1 },
    faults: 8,
    fates: { slow: 6, stale: 3, connection: 1, answer: 2, crash: 0, pause: 12 },
    targets: { token: 16, commit: 10, lease: 6, release: 5, get: 6 },
    gaps: closeGaps,
  },
  /** A store that goes away, and processes that die meanwhile. */
  outages: {
    weight: 2,
    actions: { ...ordinary, outage: 8, crash: 6, close: 3, pause: 1 },
    faults: 6,
    fates: { slow: 1, stale: 0, connection: 6, answer: 1, crash: 4, pause: 1 },
    targets: { ...ordinaryTargets, commit: 14, journal: 8 },
    gaps: closeGaps,
  },
  /** Backups that come back. */
  backups: {
    weight: 2,
    actions: {
      ...{ ...none, token: 24, restore: 14, consent: 3, setMetadata: 3 },
      ...{ pause: 3, userRevokes: 3, crash: 1, keepAlive: 1, rotateKeys: 1 },
    },
    faults: 3,
    fates: ordinaryFates,
    targets: ordinaryTargets,
    gaps: [
      [0, 10],
      [100, 3],
      [1_500, 2],
      [8_000, 2],
      [110_000, 7],
    ],
  },
};

const processes = fc.nat(processCount - 1);
const connections = fc.nat(maximumAccounts - 1);
const downMs = fc.constantFrom(0, 1_000, 7_000, 20_000);
const stillMs = fc.constantFrom(1_000, 3_000, 7_000, 13_000, 30_000);

const actions: { readonly [Kind in Action["kind"]]: Arbitrary<Extract<Action, { kind: Kind }>> } = {
  token: fc.record({
    kind: fc.constant("token"),
    process: processes,
    connection: connections,
    callers: fc.constantFrom(1, 1, 1, 3),
    rejected: fc.constantFrom(false, false, true),
  }),
  consent: fc.record({
    kind: fc.constant("consent"),
    process: processes,
    connection: connections,
    endsOthers: fc.boolean(),
  }),
  disconnect: fc.record({ kind: fc.constant("disconnect"), process: processes, connection: connections }),
  setMetadata: fc.record({ kind: fc.constant("setMetadata"), process: processes, connection: connections }),
  rotateKeys: fc.record({ kind: fc.constant("rotateKeys"), process: processes }),
  keepAlive: fc.record({ kind: fc.constant("keepAlive"), process: processes }),
  crash: fc.record({ kind: fc.constant("crash"), process: processes, losesSent: fc.boolean(), downMs }),
  close: fc.record({ kind: fc.constant("close"), process: processes, downMs }),
  pause: fc.record({ kind: fc.constant("pause"), process: processes, forMs: stillMs }),
  userRevokes: fc.record({ kind: fc.constant("userRevokes"), connection: connections }),
  outage: fc.record({
    kind: fc.constant("outage"),
    process: fc.constantFrom(0, 1, 2, undefined, undefined),
    forMs: fc.constantFrom(500, 5_000, 10_000, 20_000),
  }),
  restore: fc.record({
    kind: fc.constant("restore"),
    connection: connections,
    writesBack: fc.constantFrom(1, 2, 2, 3, 4, 7),
    consentBy: fc.constantFrom(0, 1, 2, undefined, undefined),
  }),
};

const delays = fc.constantFrom(0, 0, 500, 2_500, 7_000, 7_000, 13_000, 40_000);
const slow = fc.record({ kind: fc.constant("slow"), requestMs: delays, answerMs: delays });
/** Just longer than a lease. */
const stale = fc.record({
  kind: fc.constant("slow"),
  requestMs: fc.constantFrom(6_100, 6_500, 7_000, 7_500),
  answerMs: fc.constant(0),
});
const broken = fc.record({ kind: fc.constant("broken"), acts: fc.boolean() });
const crash = fc.record({ kind: fc.constant("crash"), acts: fc.boolean(), downMs });
const pause = fc.record({ kind: fc.constant("pause"), acts: fc.boolean(), forMs: stillMs });

const silent = fc.record({ kind: fc.constant("silent"), acts: fc.boolean() });
const unsent = fc.record({ kind: fc.constant("unsent") });
const unclear = fc.record({
  kind: fc.constant("answer"),
  answer: fc.constantFrom<UselessAnswer>("503", "html", "garbage", "server_error"),
  acts: fc.boolean(),
});
const refusal = fc.record({
  kind: fc.constant("answer"),
  answer: fc.constantFrom<UselessAnswer>("429", "invalid_client"),
  acts: fc.constant(false),
});
const flawed = fc.record({
  kind: fc.constant("flawed"),
  flaw: fc.constantFrom("no access token", "negative lifetime"),
});

/** A store answers or does not; only a provider answers something useless. */
const storeFates = { slow: [slow], stale: [stale], connection: [broken], answer: [], crash: [crash], pause: [pause] };
const providerFates = {
  ...storeFates,
  stale: [],
  connection: [broken, broken, silent, unsent],
  answer: [unclear, refusal, flawed],
};

/** Of each kind so many requests may be met: about as many as a sequence makes. */
const counts: Readonly<Record<Operation, number>> = {
  ...{ token: 6, commit: 7, lease: 9, get: 24, release: 2, journal: 8, exchange: 2, revoke: 1, insert: 1 },
  ...{ delete: 1, rewrap: 2, claimDue: 2, list: 2, flows: 3, records: 4, migrate: 3 },
};

function faultsOf({ fates: weights, targets }: Mixture): Arbitrary<Fault> {
  const fatesOf = (groups: Readonly<Record<FateGroup, readonly Arbitrary<Fate>[]>>): Arbitrary<Fate> =>
    fc.oneof(
      ...Object.entries(groups).flatMap(([group, fates]) =>
        fates.map((arbitrary) => ({ weight: (12 * weights[group as FateGroup]) / fates.length, arbitrary })),
      ),
    );
  const ofStore = fatesOf(storeFates);
  const ofProvider = fatesOf(providerFates);
  const atProvider: readonly Operation[] = ["token", "exchange", "revoke"];
  return fc.oneof(
    ...(Object.entries(targets) as [Operation, number][]).map(([operation, weight]) => ({
      weight,
      arbitrary: fc.record({
        operation: fc.constant(operation),
        nth: fc.nat(counts[operation] - 1),
        fate: atProvider.includes(operation) ? ofProvider : ofStore,
      }),
    })),
  );
}

const processPlan = fc.record({
  skewMs: fc.constantFrom(0, 0, 700, -3_000, 25_000, -25_000),
  sealsWithOther: fc.constantFrom(false, false, false, true),
});

/** Plans of 5 to 20 commands, of one mixture or of all. */
export function plansOf(name?: MixtureName): Arbitrary<Plan> {
  if (name !== undefined) return plansIn[name];
  return fc.oneof(...names.map((each) => ({ weight: mixtures[each].weight, arbitrary: plansIn[each] })));
}

function plansOfMixture(mixture: Mixture): Arbitrary<Plan> {
  const { actions: weights, faults, gaps } = mixture;
  const kinds = (Object.keys(actions) as Action["kind"][]).filter((kind) => weights[kind] > 0);
  const action = fc.oneof(
    ...kinds.map((kind): { weight: number; arbitrary: Arbitrary<Action> } => ({
      weight: weights[kind],
      arbitrary: actions[kind],
    })),
  );
  const gapMs = fc.oneof(...gaps.map(([ms, weight]) => ({ weight, arbitrary: fc.constant(ms) })));
  const command: Arbitrary<Command> = fc.tuple(action, gapMs).map(([chosen, gap]) => ({ ...chosen, gapMs: gap }));
  return fc.record({
    order: fc.noShrink(fc.integer()),
    processes: fc.array(processPlan, { minLength: processCount, maxLength: processCount }),
    storeSkewMs: fc.constantFrom(0, 0, 4_000, -60_000),
    storeMs: fc.constantFrom(0, 0, 0, 100),
    tokenMs: fc.constantFrom(0, 0, 300, 1_200),
    connections: fc.constantFrom(1, 1, 1, 1, 2, 3),
    commands: fc.array(command, { minLength: 5, maxLength: 20, size: "max" }),
    faults: fc.array(faultsOf(mixture), { maxLength: faults, size: "max" }),
  });
}

const names = Object.keys(mixtures) as MixtureName[];
const plansIn = Object.fromEntries(names.map((name) => [name, plansOfMixture(mixtures[name])])) as Record<
  MixtureName,
  Arbitrary<Plan>
>;
