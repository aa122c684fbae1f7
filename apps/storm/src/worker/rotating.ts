import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { isGrantkeeperError } from "@grantkeeper/core";
import { now } from "../clock.ts";
import type { Writer } from "../history/writer.ts";
import type { StormKeeper } from "../keeper.ts";

/** Makes a pass, and tells whether nothing that lasts is left under another configured key. */
export async function rewrapAll(keeper: StormKeeper, writer: Writer, keyId: string | undefined): Promise<boolean> {
  const { changed, failed } = await keeper.rotateKeys();
  writer.write({ kind: "rewrapped", at: now(), rows: changed });
  const usage = await keeper.keyUsage();
  const isLeft = usage.some((use) => use.keyId !== keyId && use.rows + use.journal + use.records > 0);
  return failed === 0 && !isLeft;
}

export interface RotatingOptions {
  readonly keeper: StormKeeper;
  readonly writer: Writer;
  /** Error codes that a storm explains. */
  readonly expected: ReadonlySet<string>;
  readonly onFailure: (text: string) => void;
}

/** Begins no other pass, and resolves when the last one has ended. */
export type StopRotating = () => Promise<void>;

/** After a pass that could not be made: the store comes back when it does. */
const pauseMs = 200;

/** Rotates keys, pass after pass; with a new key each time, so that every row is rewrapped by each. */
export function startRotating({ keeper, writer, expected, onFailure }: RotatingOptions): StopRotating {
  let stopping = false;

  async function pass(): Promise<void> {
    try {
      const { changed } = await keeper.rotateKeys({ renew: true });
      writer.write({ kind: "rewrapped", at: now(), rows: changed });
    } catch (error) {
      if (!isGrantkeeperError(error) || !expected.has(error.code)) onFailure(inspect(error));
      await delay(pauseMs);
    }
  }

  async function run(): Promise<void> {
    while (!stopping) await pass();
  }
  const running = run();

  return () => {
    stopping = true;
    return running;
  };
}
