import fc, { type Scheduler } from "fast-check";
import { createAgenda } from "./agenda.ts";
import { type Commands, createCommands } from "./commands.ts";
import type { Happening, Oracle } from "./history.ts";
import { createMemoryStore, type StoreProtection } from "./memory-store.ts";
import { createMonitor, type Monitor } from "./monitor.ts";
import { oracleOf } from "./oracle.ts";
import { type Operation, type Plan, processCount } from "./plan.ts";
import { createProcess, type Process } from "./process.ts";
import { createProvider, type RotationMode } from "./provider.ts";
import type { Reader } from "./reader.ts";
import { type Scene, startAt, times } from "./scene.ts";
import type { Counted, World } from "./world.ts";

/** What a simulation is prepared with once, for any number of sequences. */
export interface Stage {
  readonly mode: RotationMode;
  readonly scene: Scene;
  readonly reader: Reader;
  readonly without: ReadonlySet<StoreProtection>;
}

/** One sequence, before its first step. */
export interface Sequence {
  readonly world: World;
  readonly processes: readonly Process[];
  readonly commands: Commands;
  readonly monitor: Monitor;
  readonly oracle: Oracle;
  readonly counts: Readonly<Partial<Record<Counted, number>>>;
  readonly timeline: readonly string[];
  /** The accounts that are connected. */
  connected(): readonly number[];
  /** Ends every trouble, and lets no new one begin. */
  heal(): void;
}

export async function createSequence(stage: Stage, plan: Plan, withTimeline: boolean): Promise<Sequence> {
  const agenda = createAgenda(schedulerOf(plan.order), startAt);
  const store = createMemoryStore({ now: () => agenda.now() + plan.storeSkewMs, without: stage.without });
  const provider = createProvider(stage.mode);
  const oracle = oracleOf(provider, agenda.now);
  const monitor = createMonitor({ mode: stage.mode, oracle, times });
  const timeline: string[] = [];
  const counts: Partial<Record<Counted, number>> = {};
  const faults = new Map(plan.faults.map(({ operation, nth, fate }) => [`${operation} ${nth}`, fate]));
  const asked = new Map<Operation, number>();
  const cutOffUntil = new Array<number>(processCount).fill(0);
  const connectionIds = new Map<number, string>();
  const accounts = new Map<string, number>();
  let isHealing = false;
  let numbers = 0;

  function observe(happening: Happening): void {
    if (happening.kind === "stored") {
      connectionIds.set(happening.account, happening.connectionId);
      accounts.set(happening.connectionId, happening.account);
    }
    monitor.observe({ at: agenda.now(), ...happening });
  }

  const world: World = {
    plan,
    scene: stage.scene,
    agenda,
    store,
    provider,
    reader: stage.reader,
    journals: [new Map(), new Map()],
    observe,
    trace(process, line) {
      if (!withTimeline) return;
      const time = ((agenda.now() - startAt) / 1000).toFixed(3).padStart(9);
      timeline.push(`${time} ${process === undefined ? "  " : `P${process + 1}`} ${line()}`);
    },
    fateOf(operation) {
      if (isHealing) return undefined;
      const nth = asked.get(operation) ?? 0;
      asked.set(operation, nth + 1);
      return faults.get(`${operation} ${nth}`);
    },
    isCutOff: (process) => agenda.now() < (cutOffUntil[process] ?? 0),
    nextNumber: () => ++numbers,
    count: (what) => {
      counts[what] = (counts[what] ?? 0) + 1;
    },
  };

  const processes: Process[] = [];
  const connectionIdOf = (account: number): string => connectionIds.get(account) ?? "";
  const commands = createCommands({
    world,
    accounts: plan.connections,
    processes: () => processes,
    connectionIdOf,
    beginOutage(process, forMs) {
      world.count("outages");
      world.trace(process, () => `is cut off from the store for ${forMs} ms`);
      for (let index = 0; index < processCount; index++) {
        if (process === undefined || process === index) cutOffUntil[index] = agenda.now() + forMs;
      }
    },
  });

  for (const [name, value] of stage.scene.records) store.compareAndSetRecord(name, undefined, value);
  for (const row of stage.scene.rows.slice(0, plan.connections)) {
    provider.consent(accounts.size, false);
    store.insert(row);
    observe({ kind: "stored", life: undefined, cause: "insert", ...(await stage.reader.read(row)) });
  }
  for (const [index, own] of plan.processes.entries()) {
    processes.push(createProcess(world, index, own, commands.consents, (id) => accounts.get(id) ?? -1));
  }

  return {
    ...{ world, processes, commands, monitor, oracle, counts, timeline },
    connected: () => [...connectionIds.keys()].filter((account) => store.get(connectionIdOf(account)) !== undefined),
    heal() {
      isHealing = true;
      cutOffUntil.fill(0);
      world.trace(undefined, () => "all is well again");
      for (const process of processes) process.heal();
    },
  };
}

const schedulers = fc.scheduler();

/** A new one each time: a scheduler that fast-check has shrunk along with its plan does not replay what it chose. */
function schedulerOf(seed: number): Scheduler {
  const [scheduler] = fc.sample(schedulers, { seed, numRuns: 1 });
  if (scheduler === undefined) throw new Error("fast-check gave no scheduler");
  return scheduler;
}
