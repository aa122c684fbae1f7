import { randomUUID } from "node:crypto";

/** What the core takes from the machine that it runs on, in one place, so that a simulation can stand in for all of it. */
export interface Environment {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Runs `task` once, `ms` milliseconds from now; the function that it returns calls that off. */
  readonly after: (ms: number, task: () => void) => () => void;
  /** Runs `task` once the event loop has its turn again: what was sent by then is on its way. */
  readonly soon: (task: () => void) => void;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** 122 random bits under a prefix that tells what they name. */
  readonly randomId: (prefix: string) => string;
}

/** The machine itself. `now` may be the application's own. */
export function createEnvironment(now: () => number = Date.now): Environment {
  return {
    now,
    after(ms, task) {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
    soon: (task) => void setImmediate(task),
    random: Math.random,
    randomId: (prefix) => `${prefix}_${randomUUID()}`,
  };
}

/** Resolves `ms` milliseconds from now. */
export function delay({ after }: Pick<Environment, "after">, ms: number): Promise<void> {
  return new Promise((resolve) => void after(ms, resolve));
}
