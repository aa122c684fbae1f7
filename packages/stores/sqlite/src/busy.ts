import { setTimeout as delay, setImmediate as yieldToLoop } from "node:timers/promises";
import { resultCode } from "./errors.ts";

/** Runs synchronous operations one after another, and again later where another connection holds the lock. */
export interface Turns {
  /** Where nobody is ahead, at once: then it returns the result itself, and throws what the operation throws. */
  run<Result>(operation: () => Result): Result | Promise<Result>;
}

interface Turn {
  readonly deadline: number;
  /** Settles the turn, or returns the error that says that the database is locked. */
  attempt(): unknown;
  fail(error: unknown): void;
}

/** For how many milliseconds operations may follow one another before the event loop gets its turn. */
const sliceMs = 5;

const busy = 5;
const locked = 6;
/** A race between connections that open or recover the write-ahead log. */
const protocol = 15;

/**
 * SQLite's own wait for a lock blocks the event loop, so that it is kept short, and the long wait is here. Only the first
 * in the queue tries: a hundred callers block no longer than one.
 */
export function createTurns(patienceMs: number): Turns {
  const waiting: Turn[] = [];
  const slice = createSlice();
  let serving = false;

  async function serve(wasLocked: boolean): Promise<void> {
    let failures = 0;
    if (wasLocked) await delay(backOff(failures++));
    for (let turn = waiting[0]; turn !== undefined; turn = waiting[0]) {
      if (slice.isOver()) await yieldToLoop();
      const lock = turn.attempt();
      if (lock === undefined) {
        waiting.shift();
        failures = 0;
        continue;
      }
      // The queue is in the order of the deadlines.
      for (; turn !== undefined && turn.deadline <= performance.now(); turn = waiting[0]) {
        turn.fail(lock);
        waiting.shift();
      }
      if (waiting.length > 0) await delay(backOff(failures++));
    }
    serving = false;
  }

  function queue<Result>(operation: () => Result, deadline: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      waiting.push({
        deadline,
        attempt() {
          try {
            resolve(operation());
          } catch (error) {
            if (isLock(error)) return error;
            reject(error);
          }
          return undefined;
        },
        fail: reject,
      });
    });
  }

  return {
    run(operation) {
      const deadline = performance.now() + patienceMs;
      if (serving) return queue(operation, deadline);
      let wasLocked = false;
      if (!slice.isOver()) {
        try {
          return operation();
        } catch (error) {
          if (!isLock(error)) throw error;
          wasLocked = true;
        }
      }
      serving = true;
      const result = queue(operation, deadline);
      void serve(wasLocked);
      return result;
    },
  };
}

/** Tells whether the event loop has not had its turn for too long. */
function createSlice(): { readonly isOver: () => boolean } {
  let since: number | undefined;
  return {
    isOver() {
      if (since !== undefined) return performance.now() - since >= sliceMs;
      since = performance.now();
      setImmediate(() => {
        since = undefined;
      });
      return false;
    },
  };
}

/** Jittered, so that processes that met once do not meet again and again. */
function backOff(failures: number): number {
  return Math.min(100, 5 * 2 ** failures) * (0.5 + Math.random() / 2);
}

function isLock(error: unknown): boolean {
  const code = resultCode(error);
  return code === busy || code === locked || code === protocol;
}
