import { setTimeout as delay } from "node:timers/promises";
import { check, type Verdict } from "./check/index.ts";
import { fillStore } from "./fill.ts";
import { askOnceMore } from "./finale.ts";
import { type Chaos, createChaos } from "./fleet/chaos.ts";
import { type Fleet, startFleet } from "./fleet/fleet.ts";
import { createKeyRotation } from "./fleet/rotation.ts";
import type { History } from "./history/history.ts";
import { orAborted, throwIfAborted } from "./interruption.ts";
import type { StormOptions } from "./options.ts";
import type { Witness } from "./provider/witness.ts";
import type { Random } from "./random.ts";
import { type OnEnd, openWorld } from "./world.ts";

export interface StormResult {
  readonly history: History;
  readonly verdict: Verdict;
  readonly stops: number;
  /** What no storm explains, beside what the check found: crashes, processes that hang, errors that nobody should get. */
  readonly failures: readonly string[];
}

const progressMs = 3_000;
/** Each rotation of keys starts every process twice: many more of them would be all that a long storm does. */
const mostRotations = 6;
const leastMixedMs = 4_000;
/** So many processes rotate keys all the time where that was asked for. */
const rotating = 2;
/** With so many there is nothing to be learned from more. */
const mostFailures = 20;
/** Beyond the longest of the times that a refresh may take. */
const settleMarginMs = 1_000;

/** Runs a storm from the first consent to the verdict. */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const cleanups: (() => Promise<void> | void)[] = [];
  try {
    return await storm(options, (cleanup) => cleanups.push(cleanup));
  } finally {
    const outcomes: PromiseSettledResult<void>[] = [];
    // One that fails must leave none of the others out.
    for (const cleanup of cleanups.reverse()) outcomes.push(...(await Promise.allSettled([(async () => cleanup())()])));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) console.error("Not everything could be cleared away.", failed.reason);
  }
}

async function storm(options: StormOptions, onEnd: OnEnd): Promise<StormResult> {
  const { onProgress } = options;
  const failures: string[] = [];
  const hopeless = new AbortController();
  const signal = AbortSignal.any([options.signal, hopeless.signal]);
  const fail = (text: string): void => {
    if (failures.push(text) >= mostFailures) hopeless.abort();
  };

  const world = await openWorld(options, onEnd);
  const { witness, judge, plan, times } = world;
  onProgress(`filling the store with ${options.connections} connections`);
  const customers = [...(await orAborted(signal, fillStore(world.own("0.1"), options.connections)))];
  const workers: string[] = [];
  const fleet = await startFleet({
    processes: options.processes,
    compileCache: world.compileCache,
    configure(place, process) {
      workers.push(process);
      const rotates = options.rewrap && place < rotating;
      return { ...world.workerSetup(process), keys: plan.keysAt(place), customers: [...customers], rotates };
    },
    onMessage(worker, message) {
      if (message.kind === "stopping") chaos.onStopping(worker);
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
  const mixedMs = Math.max(leastMixedMs, (options.seconds * 1_000) / mostRotations);
  const rotation = createKeyRotation({ fleet, plan, mixedMs, signal: until });
  const chaos = createChaos({
    ...{ fleet, random: world.random.fork("chaos"), seconds: options.seconds, kills: options.kills, signal },
    leaseMs: times.lease * 1_000,
    recoveryWaitMs: times.recoveryWait * 1_000,
  });
  world.onAfterCommit(chaos.afterCommit);
  const beganAt = Date.now();
  const progress = setInterval(() => onProgress(progressLine(beganAt, fleet, witness, chaos)), progressMs);
  onEnd(() => clearInterval(progress));
  const beside = [rotation.run(), world.faults.run(until), endGrants(witness, world.random.fork("users"), until)];
  const besideThem = Promise.all(beside).catch((error: unknown) => {
    fail(String(error));
    hopeless.abort();
  });
  await chaos.run();
  ended.abort();
  await besideThem;
  throwIfAborted(signal, failures);
  const { length: made } = fleet.deaths;
  if (made < options.kills) onProgress(`only ${made} of ${options.kills} kills could be made in time`);

  onProgress("the storm is over: the workers end what they do");
  await orAborted(signal, fleet.disband());
  const settleMs = (times.accessTokenLife + Math.max(times.lease, times.recoveryWait)) * 1_000 + settleMarginMs;
  await orAborted(signal, delay(settleMs));
  onProgress("each connection is asked for a token once more");
  const final = await orAborted(signal, askOnceMore(world.own("0.2")));
  if (judge.judged !== witness.passedOn) {
    fail(`The provider judged ${judge.judged} token requests, and the witness passed ${witness.passedOn} on.`);
  }
  const { history, unexplained } = world.tell(["0.1", "0.2", ...workers], fleet, final);
  return { history, verdict: check(history), stops: chaos.stops, failures: [...failures, ...unexplained] };
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
