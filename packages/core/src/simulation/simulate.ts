import fc, { type Scheduler } from "fast-check";
import { createAgenda } from "./agenda.ts";
import type { LastAnswer, Violation } from "./checks/check.ts";
import { createCommands } from "./commands.ts";
import type { Happening, LossCause, Oracle } from "./history.ts";
import { createMemoryStore, type StoreProtection } from "./memory-store.ts";
import { createMonitor } from "./monitor.ts";
import { type Operation, type Plan, processCount } from "./plan.ts";
import { createProcess, type Process } from "./process.ts";
import { createProvider, type Provider, type RotationMode } from "./provider.ts";
import { createReader, type Reader } from "./reader.ts";
import { accessTokenLifetime, createScene, type Scene, startAt, times } from "./scene.ts";
import type { Counted, World } from "./world.ts";

/** What a simulation is prepared with once, for any number of sequences. */
export interface Stage {
  readonly mode: RotationMode;
  readonly scene: Scene;
  readonly reader: Reader;
  readonly without: ReadonlySet<StoreProtection>;
}

export async function createStage(
  mode: RotationMode,
  without: ReadonlySet<StoreProtection> = new Set(),
): Promise<Stage> {
  return { mode, scene: await createScene(mode), reader: createReader(), without };
}

export interface SimulationResult {
  readonly violations: readonly Violation[];
  readonly losses: readonly LossCause[];
  readonly counts: Readonly<Partial<Record<Counted, number>>>;
  readonly steps: number;
  /** Lines for people, where they were asked for. */
  readonly timeline: readonly string[];
}

/** Longer than any lease, recovery wait, failure hold, delay, pause or outage. */
const healingMs = 60_000;
/** After this every access token has run out by every clock. */
const runOutMs = 3 * accessTokenLifetime * 1000;

/** Plays a plan, heals everything, asks every process again, and judges. */
export async function simulate(
  stage: Stage,
  plan: Plan,
  { withTimeline = false }: { readonly withTimeline?: boolean } = {},
): Promise<SimulationResult> {
  const agenda = createAgenda(schedulerOf(plan.order), startAt);
  const store = createMemoryStore({ now: () => agenda.now() + plan.storeSkewMs, without: stage.without });
  const provider = createProvider(stage.mode);
  const oracle = oracleOf(provider, agenda.now);
  const monitor = createMonitor({ mode: stage.mode, oracle, times });
  const timeline: string[] = [];
  const counts: Partial<Record<Counted, number>> = {};
  const faults = new Map(plan.faults.map((fault) => [keyOf(fault.operation, fault.nth), fault]));
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
      return faults.get(keyOf(operation, nth))?.fate;
    },
    isCutOff: (process) => agenda.now() < (cutOffUntil[process] ?? 0),
    nextNumber: () => ++numbers,
    count: (what) => {
      counts[what] = (counts[what] ?? 0) + 1;
    },
  };

  const processes: Process[] = [];
  const commands = createCommands({
    world,
    accounts: plan.connections,
    processes: () => processes,
    connectionIdOf: (account) => connectionIds.get(account) ?? "",
    beginOutage(process, forMs) {
      world.count("outages");
      world.trace(process, () => `is cut off from the store for ${forMs} ms`);
      for (let index = 0; index < processCount; index++) {
        if (process === undefined || process === index) cutOffUntil[index] = agenda.now() + forMs;
      }
    },
  });

  for (const row of stage.scene.rows.slice(0, plan.connections)) {
    provider.consent(accounts.size, false);
    store.insert(row);
    observe({ kind: "stored", life: undefined, cause: "insert", ...(await stage.reader.read(row)) });
  }
  store.compareAndSetSetting("index-key", undefined, stage.scene.indexKey);
  for (const [index, own] of plan.processes.entries()) {
    processes.push(createProcess(world, index, own, commands.consents, (id) => accounts.get(id) ?? -1));
  }

  function schedule(next: number): void {
    const command = plan.commands[next];
    if (command === undefined) return;
    agenda.after(command.gapMs, () => {
      commands.run(command);
      schedule(next + 1);
    });
  }
  schedule(0);

  const violations: Violation[] = [];
  const answers: LastAnswer[] = [];
  async function runFor(ms: number): Promise<void> {
    if (await agenda.runUntil(agenda.now() + ms)) return;
    violations.push({ invariant: "liveness", at: agenda.now(), what: "it never comes to rest" });
  }

  function assertNothingHangs(): void {
    for (const { id, purpose } of monitor.ledger.openCalls()) {
      violations.push({ invariant: "liveness", at: agenda.now(), what: `call ${id} (${purpose}) has no end` });
    }
  }

  if (!(await agenda.runAll()))
    violations.push({ invariant: "liveness", at: agenda.now(), what: "it never comes to rest" });
  isHealing = true;
  cutOffUntil.fill(0);
  world.trace(undefined, () => "all is well again");
  for (const process of processes) process.heal();
  await runFor(healingMs);
  assertNothingHangs();
  for (const process of processes) {
    await runFor(runOutMs);
    for (let account = 0; account < plan.connections; account++) {
      if (store.get(connectionIds.get(account) ?? "") === undefined) continue;
      commands.askToken(process, account, undefined, (answer) => {
        const { stored } = monitor.ledger.account(account);
        const dead = stored === undefined ? undefined : oracle.whyDead(stored.refreshToken);
        answers.push({ process: process.index, account, ...answer, stored, dead });
      });
    }
    await runFor(healingMs);
  }
  assertNothingHangs();
  monitor.finish(agenda.now(), answers);
  return {
    violations: [...monitor.violations, ...violations],
    losses: monitor.losses,
    counts,
    steps: agenda.steps(),
    timeline,
  };
}

const schedulers = fc.scheduler();

/** A new one each time: a scheduler that fast-check has shrunk along with its plan does not replay what it chose. */
function schedulerOf(seed: number): Scheduler {
  const [scheduler] = fc.sample(schedulers, { seed, numRuns: 1 });
  if (scheduler === undefined) throw new Error("fast-check gave no scheduler");
  return scheduler;
}

function keyOf(operation: Operation, nth: number): string {
  return `${operation} ${nth}`;
}

function oracleOf(provider: Provider, now: () => number): Oracle {
  return {
    whyDead(refreshToken) {
      const token = provider.find(refreshToken);
      return token === undefined ? "unknown" : provider.whyDead(token, now());
    },
    lineage(refreshToken) {
      const lineage: string[] = [];
      for (let token = provider.find(refreshToken); token !== undefined; token = token.parent)
        lineage.push(token.value);
      return lineage;
    },
    grantOf(refreshToken) {
      const grant = provider.find(refreshToken)?.grant;
      return grant === undefined ? "unknown" : `${grant.account}-${grant.number}`;
    },
    accountOf: (refreshToken) => provider.find(refreshToken)?.grant.account,
  };
}
