import type { LastAnswer, Violation } from "./checks/check.ts";
import type { LossCause } from "./history.ts";
import type { StoreProtection } from "./memory-store.ts";
import { type Plan, processCount } from "./plan.ts";
import type { Process } from "./process.ts";
import type { RotationMode } from "./provider.ts";
import { createReader } from "./reader.ts";
import { accessTokenLifetime, createScene } from "./scene.ts";
import { createSequence, type Sequence, type Stage } from "./sequence.ts";
import type { Counted } from "./world.ts";

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

export async function createStage(
  mode: RotationMode,
  without: ReadonlySet<StoreProtection> = new Set(),
): Promise<Stage> {
  const scene = await createScene(mode);
  return { mode, scene, reader: createReader(scene.records), without };
}

/** Plays a plan, heals everything, asks every process again, and judges. */
export async function simulate(
  stage: Stage,
  plan: Plan,
  { withTimeline = false }: { readonly withTimeline?: boolean } = {},
): Promise<SimulationResult> {
  const sequence = await createSequence(stage, plan, withTimeline);
  const { world, monitor, processes } = sequence;
  const { agenda } = world;
  const stuck: Violation[] = [];
  const answers: LastAnswer[] = [];

  function assertRested(hasRested: boolean): void {
    const complain = (what: string): void => void stuck.push({ invariant: "liveness", at: agenda.now(), what });
    if (!hasRested) complain("it never comes to rest");
    for (const { id, purpose } of monitor.ledger.openCalls()) complain(`call ${id} (${purpose}) has no end`);
  }

  runCommands(sequence, plan, 0);
  const hasRested = await agenda.runAll();
  sequence.heal();
  assertRested((await agenda.runUntil(agenda.now() + healingMs)) && hasRested);
  // All at once; and in some sequences one of them again, alone with all that it may have kept in mind.
  const alone = processes.filter(({ index }) => index === Math.abs(plan.order) % (3 * processCount));
  for (const round of alone.length === 0 ? [processes] : [processes, alone]) {
    await agenda.runUntil(agenda.now() + runOutMs);
    for (const process of round) askAgain(sequence, process, answers);
    assertRested(await agenda.runUntil(agenda.now() + healingMs));
  }
  monitor.finish(agenda.now(), answers);
  const { counts, timeline } = sequence;
  return {
    violations: [...monitor.violations, ...stuck],
    ...{ losses: monitor.losses, counts, steps: agenda.steps(), timeline },
  };
}

/** Each begins its gap after the one before, whatever is still on its way then. */
function runCommands(sequence: Sequence, plan: Plan, next: number): void {
  const { world, commands } = sequence;
  const command = plan.commands[next];
  if (command === undefined) return;
  world.agenda.after(command.gapMs, () => {
    commands.run(command);
    runCommands(sequence, plan, next + 1);
  });
}

function askAgain(sequence: Sequence, process: Process, answers: LastAnswer[]): void {
  const { commands, connected, monitor, oracle, world } = sequence;
  const askedAt = world.agenda.now();
  for (const account of connected()) {
    commands.askToken(process, account, undefined, (answer) => {
      const { stored } = monitor.ledger.account(account);
      const dead = stored === undefined ? undefined : oracle.whyDead(stored.refreshToken);
      answers.push({ process: process.index, account, askedAt, ...answer, stored, dead });
    });
  }
}
