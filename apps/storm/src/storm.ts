import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { check, type Verdict } from "./check/index.ts";
import { now, second } from "./clock.ts";
import { createFaults, noFaults } from "./faults/faults.ts";
import { fillStore } from "./fill.ts";
import { askOnceMore } from "./finale.ts";
import { type Chaos, createChaos } from "./fleet/chaos.ts";
import { type Fleet, startFleet } from "./fleet/fleet.ts";
import { createKeyPlan } from "./fleet/key-plan.ts";
import { createKeyRotation } from "./fleet/rotation.ts";
import { inOrder, killsOf, stallsOf } from "./history/assemble.ts";
import type { History, Pause, RotationKind } from "./history/history.ts";
import { readWritten } from "./history/writer.ts";
import { orAborted, throwIfAborted } from "./interruption.ts";
import { type Judge, startEmulator, startOidc } from "./provider/judge.ts";
import { startWitness, type Witness } from "./provider/witness.ts";
import { createRandom, type Random } from "./random.ts";
import { watchStalls } from "./stalls.ts";
import { createStoreHome, type StoreKind } from "./store.ts";
import { keeperTimes, shortTimes, type Times } from "./times.ts";
import type { Customer, KeeperSetup } from "./worker/messages.ts";

export interface StormOptions {
  readonly store: StoreKind;
  readonly provider: "emulator" | "oidc";
  readonly rotation: RotationKind;
  readonly processes: number;
  readonly connections: number;
  readonly kills: number;
  readonly seconds: number;
  readonly faults: boolean;
  readonly seed: number;
  /** Left out: {@link shortTimes}. */
  readonly times?: Times;
  /** Ends the storm before its time; everything is cleaned up. */
  readonly signal: AbortSignal;
  /** Called with a short line every few seconds. */
  readonly onProgress: (line: string) => void;
}

export interface StormResult {
  readonly history: History;
  readonly verdict: Verdict;
  readonly stops: number;
  /** What no storm explains, beside what the check found: crashes, processes that hang, errors that nobody should get. */
  readonly failures: readonly string[];
}

const progressMs = 3_000;
/** With so many there is nothing to be learned from more. */
const mostFailures = 20;
/** Beyond the longest of the times above. */
const settleMs = 1_000;

/** Runs a storm from the first consent to the verdict. */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const cleanups: (() => Promise<void> | void)[] = [];
  try {
    return await storm(options, (cleanup) => cleanups.push(cleanup));
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

async function storm(
  options: StormOptions,
  onEnd: (cleanup: () => Promise<void> | void) => void,
): Promise<StormResult> {
  const { onProgress, times = shortTimes } = options;
  const random = createRandom(options.seed);
  const startedAt = now();
  const failures: string[] = [];
  const hopeless = new AbortController();
  const signal = AbortSignal.any([options.signal, hopeless.signal]);
  const fail = (text: string): void => {
    if (failures.push(text) >= mostFailures) hopeless.abort();
  };
  const stalls: Pause[] = [];
  onEnd(watchStalls((from, to) => stalls.push({ process: "0", kind: "stalled", from, to })));
  const folder = mkdtempSync(join(tmpdir(), "grantkeeper-storm-"));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  const journal = join(folder, "journal");
  mkdirSync(journal, { mode: 0o700 });

  const judge = await startJudge(options, times);
  onEnd(judge.close);
  let chaos: Chaos | undefined;
  const faults = options.faults ? createFaults(random.fork("faults")) : noFaults;
  onEnd(faults.close);
  const witness = await startWitness({
    ...{ judge, random: random.fork("witness"), fault: faults.answer },
    afterCommit: async (request) => (await chaos?.afterCommit(request)) ?? true,
  });
  onEnd(witness.close);
  const name = `grantkeeper_storm_${process.pid}_${Date.now()}`;
  const home = await createStoreHome(options.store, folder, name);
  onEnd(home.remove);
  const entries = await faults.between(home.config, witness.origin);

  const plan = createKeyPlan();
  const setup: KeeperSetup = {
    ...{ store: home.config, connector: judge.connector, keys: plan.keysAt(0), journal },
    ...keeperTimes(times),
  };
  const historyOf = (process: string): string => join(folder, `process-${process}.jsonl`);
  const own = { setup, witness, judge, provider: options.provider };
  onProgress(`filling the store with ${options.connections} connections`);
  const customers: Customer[] = [
    ...(await fillStore({ ...own, process: "0.1", history: historyOf("0.1") }, options.connections)),
  ];
  throwIfAborted(signal, failures);

  const processes = ["0.1", "0.2"];
  const fleet = await startFleet({
    processes: options.processes,
    compileCache: join(folder, "compiled"),
    configure(place, process) {
      processes.push(process);
      return {
        ...setup,
        ...{ process, history: historyOf(process), keys: plan.keysAt(place), store: entries.store },
        seed: random.below(2 ** 32),
        ...{ provider: options.provider, customers, faults: options.faults },
        origins: { provider: judge.origin, witness: witness.origin, entry: entries.provider },
      };
    },
    onMessage(worker, message) {
      if (message.kind === "stopping") chaos?.onStopping(worker);
      if (message.kind === "rewrapped") rotation.onRewrapped(worker.process);
      if (message.kind === "failed") fail(`${worker.process}: ${message.text}`);
      if (message.kind === "connected") {
        const customer = customers[message.customer];
        if (customer !== undefined) customers[message.customer] = { ...customer, connection: message.connection };
      }
    },
    onFailure: fail,
    signal,
  });
  onEnd(fleet.close);
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  const rotation = createKeyRotation({ fleet, plan, signal: until });
  chaos = createChaos({
    ...{ fleet, random: random.fork("chaos"), seconds: options.seconds, kills: options.kills, signal },
    leaseMs: times.lease * 1_000,
    recoveryWaitMs: times.recoveryWait * 1_000,
  });

  const beganAt = Date.now();
  const progress = setInterval(() => onProgress(progressLine(beganAt, fleet, witness, chaos)), progressMs);
  onEnd(() => clearInterval(progress));
  const beside = [rotation.run(), faults.run(until), endGrants(witness, random.fork("users"), until)];
  await chaos.run();
  ended.abort();
  await Promise.all(beside);
  throwIfAborted(signal, failures);
  const { length: made } = fleet.deaths;
  if (made < options.kills) onProgress(`only ${made} of ${options.kills} kills could be made in time`);

  onProgress("the storm is over: the workers end what they do");
  await orAborted(signal, fleet.disband());
  await delay(times.accessTokenLife * 1_000 + Math.max(times.lease, times.recoveryWait) * 1_000 + settleMs);
  onProgress("each connection is asked for a token once more");
  const final = await askOnceMore({
    ...own,
    setup: { ...setup, keys: plan.all },
    process: "0.2",
    history: historyOf("0.2"),
  });
  throwIfAborted(signal, failures);
  if (judge.judged !== witness.passedOn) {
    failures.push(`The provider judged ${judge.judged} token requests, and the witness passed ${witness.passedOn} on.`);
  }

  const written = processes.map((process) => readWritten(process, historyOf(process)));
  const { kills, unexplained } = killsOf(fleet.deaths, written);
  const history: History = {
    settings: {
      rotation: options.rotation,
      startedAt,
      lease: times.lease * second,
      recoveryWait: times.recoveryWait * second,
      cacheFor: times.cacheFor * second,
      accessTokenLife: times.accessTokenLife * second,
    },
    requests: inOrder(witness.requests),
    processes: written,
    userEnds: witness.userEnds,
    ...{ kills, pauses: [...fleet.pauses, ...stallsOf(written), ...stalls], faults: faults.episodes, final },
    reuseDetected: judge.reuseDetected,
  };
  return { history, verdict: check(history), stops: chaos.stops, failures: [...failures, ...unexplained] };
}

function startJudge({ provider, rotation }: StormOptions, { accessTokenLife }: Times): Promise<Judge> {
  return provider === "oidc" ? startOidc(accessTokenLife) : startEmulator(rotation, accessTokenLife);
}

/** Users who take back at the provider what they have granted. */
async function endGrants(witness: Witness, random: Random, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(random.between(1_000, 3_000), undefined, { signal }).catch(() => undefined);
    const refresh = random.pick(witness.latest());
    if (!signal.aborted && refresh !== undefined) await witness.endAsUser(refresh);
  }
}

function progressLine(beganAt: number, fleet: Fleet, { requests }: Witness, chaos: Chaos | undefined): string {
  const issued = requests.filter(({ kind, outcome }) => kind === "refresh" && outcome === "issued").length;
  const refused = requests.filter(({ outcome }) => outcome === "refused").length;
  const elapsed = Math.round((Date.now() - beganAt) / 1_000);
  return `${elapsed} s: ${issued} refreshes, ${fleet.deaths.length} kills, ${chaos?.stops ?? 0} stops, ${refused} ended`;
}
