import { close, fdatasync, openSync } from "node:fs";
import { setImmediate as yieldToLoop } from "node:timers/promises";
import { promisify } from "node:util";

const flushData = promisify(fdatasync);

/** Brings the write-ahead log to the disk, beside the event loop: nobody waits for it. */
export interface Flush {
  /** Of what is written when it is called, all reaches the disk. It begins at the loop's next turn: what its caller does goes first. */
  start(): void;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** `path` is that of the database. Its log is there for as long as SQLite has it open; no lock lies on the log. */
export function createFlush(path: string): Flush {
  const log = openSync(`${path}-wal`, "r+");
  let wanted = false;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (wanted) {
      await yieldToLoop();
      wanted = false;
      // What a disk refuses here it refuses SQLite, too: the commit that follows waits for the same file and fails.
      await flushData(log).catch(() => undefined);
    }
    running = undefined;
  }

  return {
    start() {
      wanted = true;
      running ??= run();
    },
    async close() {
      await running;
      await promisify(close)(log);
    },
  };
}
