import type { Scheduler } from "fast-check";

/** Virtual time, and all that is still to happen. Each step is chosen by the scheduler among those whose time has come. */
export interface Agenda {
  /** Virtual Unix milliseconds. */
  now(): number;
  /** Lets `step` happen `delayMs` from now or a little later; the function that it returns calls that off. */
  after(delayMs: number, step: () => void): () => void;
  /** Takes steps until none is left before `until`, which is the time then. False when it took too many. */
  runUntil(until: number): Promise<boolean>;
  /** Takes steps until none is left. False when it took too many. */
  runAll(): Promise<boolean>;
  /** How many steps were taken. */
  steps(): number;
}

interface Item {
  readonly at: number;
  readonly step: () => void;
  calledOff: boolean;
}

/** Steps this close together may come in any order: messages have no fixed speed, and timers are late. */
const slackMs = 40;
/** Far more than any sequence needs that comes to an end. */
const maximumSteps = 20_000;

const settled: Promise<void> = Promise.resolve();

export function createAgenda(scheduler: Scheduler, startAt: number): Agenda {
  /** By time, the latest first. */
  const later: Item[] = [];
  let now = startAt;
  let steps = 0;

  function take(item: Item): void {
    if (item.calledOff) return;
    if (item.at > now) now = item.at;
    steps++;
    item.step();
  }

  function enter(item: Item): void {
    if (item.calledOff) return;
    void scheduler.schedule(settled, "step", undefined, (run) => {
      take(item);
      return run();
    });
  }

  function after(delayMs: number, step: () => void): () => void {
    const item: Item = { at: now + delayMs, step, calledOff: false };
    if (item.at <= now + slackMs) enter(item);
    else {
      let place = later.length;
      while (place > 0 && (later[place - 1]?.at ?? 0) <= item.at) place--;
      later.splice(place, 0, item);
    }
    return () => {
      item.calledOff = true;
    };
  }

  async function runUntil(until: number): Promise<boolean> {
    await quiet();
    while (steps < maximumSteps) {
      for (let next = later.at(-1); next !== undefined && next.at <= now + slackMs; next = later.at(-1)) {
        later.pop();
        enter(next);
      }
      if (scheduler.count() > 0) {
        void scheduler.waitOne();
        await quiet();
        continue;
      }
      const next = later.at(-1);
      if (next === undefined || next.at > until) {
        if (Number.isFinite(until)) now = Math.max(now, until);
        return true;
      }
      now = next.at;
    }
    return false;
  }

  return { now: () => now, after, runUntil, runAll: () => runUntil(Number.POSITIVE_INFINITY), steps: () => steps };
}

/** Resolves when nothing is left to do without another step: whatever is settled has run its course by then. */
function quiet(): Promise<void> {
  return new Promise((resolve) => {
    waiting = resolve;
    // Immediates of one turn run one after the other, and promises settle between them; a turn of its own for each costs more.
    if (prepared === 0) for (; prepared < preparedAtOnce; prepared++) setImmediate(goOn);
  });
}

const preparedAtOnce = 64;
let prepared = 0;
let waiting: (() => void) | undefined;

function goOn(): void {
  prepared--;
  const resolve = waiting;
  waiting = undefined;
  resolve?.();
}
