import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { now, second } from "./clock.ts";
import { createFaults, type Faults, noFaults } from "./faults/faults.ts";
import type { OwnOptions } from "./fill.ts";
import type { Fleet } from "./fleet/fleet.ts";
import { createKeyPlan, type KeyPlan } from "./fleet/key-plan.ts";
import { inOrder, killsOf, stallsOf } from "./history/assemble.ts";
import type { FinalState, History, Pause, ProcessId } from "./history/history.ts";
import { beginHistory, readWritten } from "./history/writer.ts";
import type { StormOptions } from "./options.ts";
import { type Judge, startEmulator, startOidc } from "./provider/judge.ts";
import { startWitness, type Witness, type WitnessOptions } from "./provider/witness.ts";
import { createRandom, type Random } from "./random.ts";
import { watchStalls } from "./stalls.ts";
import { createStoreHome } from "./store.ts";
import { keeperTimes, shortTimes, type Times } from "./times.ts";
import type { KeeperSetup, WorkerSetup } from "./worker/messages.ts";

/** Takes what is to be done in the end, the last first. */
export type OnEnd = (cleanup: () => Promise<void> | void) => void;

/** All that a storm takes place in, but for the workers: provider, witness, store, faults, keys. */
export interface World {
  readonly random: Random;
  readonly times: Times;
  readonly judge: Judge;
  readonly witness: Witness;
  readonly faults: Faults;
  readonly plan: KeyPlan;
  /** A folder for compiled code. */
  readonly compileCache: string;
  /** What a keeper of the orchestrator's own is opened with, with the keys that are configured then. */
  own(process: ProcessId): OwnOptions;
  /** What a worker is started with, but for keys and customers. */
  workerSetup(process: ProcessId): Omit<WorkerSetup, "customers" | "rotates">;
  /** Who is asked before a provider's answer is sent. */
  onAfterCommit(afterCommit: WitnessOptions["afterCommit"]): void;
  /** Puts together what all have written down, and names the deaths that have no trace. */
  tell(
    processes: readonly ProcessId[],
    fleet: Fleet,
    final: readonly FinalState[],
  ): { readonly history: History; readonly unexplained: readonly string[] };
}

export async function openWorld(options: StormOptions, onEnd: OnEnd): Promise<World> {
  const { provider, rotation, times = shortTimes } = options;
  const random = createRandom(options.seed);
  const startedAt = now();
  const stalls: Pause[] = [];
  onEnd(watchStalls((from, to) => stalls.push({ process: "0", kind: "stalled", from, to })));
  const folder = mkdtempSync(join(tmpdir(), "grantkeeper-storm-"));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  const journal = join(folder, "journal");
  mkdirSync(journal, { mode: 0o700 });

  const { accessTokenLife } = times;
  const judge = await (provider === "oidc" ? startOidc(accessTokenLife) : startEmulator(rotation, accessTokenLife));
  onEnd(judge.close);
  const faults = options.faults ? createFaults(random.fork("faults")) : noFaults;
  onEnd(faults.close);
  let afterCommit: WitnessOptions["afterCommit"] = async () => true;
  const witness = await startWitness({
    ...{ judge, random: random.fork("witness"), fault: faults.answer },
    afterCommit: (request) => afterCommit(request),
  });
  onEnd(witness.close);
  const home = await createStoreHome(options.store, folder, `grantkeeper_storm_${process.pid}_${Date.now()}`);
  onEnd(home.remove);
  const entries = await faults.between(home.config, witness.origin);

  const plan = createKeyPlan();
  const { connector } = judge;
  const keeper: Omit<KeeperSetup, "keys"> = { store: home.config, connector, journal, ...keeperTimes(times) };
  const historyOf = (process: ProcessId): string => join(folder, `process-${process}.jsonl`);

  return {
    ...{ random, times, judge, witness, faults, plan },
    compileCache: join(folder, "compiled"),
    own: (process) => ({
      setup: { ...keeper, keys: plan.keysAt(0) },
      ...{ witness, judge, provider, process, history: historyOf(process) },
    }),
    workerSetup: (process) => ({
      ...{ ...keeper, keys: plan.all, store: entries.store },
      ...{
        process,
        history: beginHistory(historyOf(process)),
        seed: random.below(2 ** 32),
        provider,
        faults: options.faults,
      },
      origins: { provider: judge.origin, witness: witness.origin, entry: entries.provider },
    }),
    onAfterCommit(asked) {
      afterCommit = asked;
    },
    tell(processes, { deaths, pauses }, final) {
      const written = processes.map((process) => readWritten(process, historyOf(process)));
      const { kills, unexplained } = killsOf(deaths, written);
      const history: History = {
        settings: {
          ...{ rotation, startedAt },
          lease: times.lease * second,
          recoveryWait: times.recoveryWait * second,
          cacheFor: times.cacheFor * second,
          accessTokenLife: accessTokenLife * second,
        },
        requests: inOrder(witness.requests),
        processes: written,
        userEnds: witness.userEnds,
        ...{ kills, pauses: [...pauses, ...stallsOf(written), ...stalls], faults: faults.episodes, final },
        reuseDetected: judge.reuseDetected,
      };
      return { history, unexplained };
    },
  };
}
