import { fileURLToPath } from "node:url";
import { generateKey, type KeyConfig } from "@grantkeeper/core";
import { describe, expect, test } from "vitest";
import { onStage } from "../../src/commands/stage.ts";
import { createRandom } from "../../src/random.ts";
import { missingPostgres, type StoreKind } from "../../src/store.ts";
import type { KeeperSetup } from "../../src/worker/messages.ts";
import { startChild } from "./child.ts";
import { readAll, rowsByKey, withKeys } from "./reading.ts";
import type { FromRotator, RotatorSetup } from "./rotator.ts";

const missing = await missingPostgres();
if (missing !== undefined && process.env["GRANTKEEPER_REQUIRE_SERVICES"]) throw new Error(missing);

const rotator = fileURLToPath(new URL("rotator.ts", import.meta.url));
const next: KeyConfig = { id: "next", secret: generateKey() };
const { signal } = new AbortController();
const seed = Math.floor(Math.random() * 2 ** 31);

interface Kills {
  /** Of processes that kill themselves at the boundary between two rows. */
  readonly atBoundaries: number;
  /** Of processes that are killed from outside, wherever they are. */
  readonly fromOutside: number;
}

async function rotateUnderKills(store: StoreKind, connections: number, kills: Kills): Promise<void> {
  await onStage({ store, rotation: "strict", connections, signal }, async ({ setup }) => {
    const random = createRandom(seed);
    const keys = [next, ...setup.keys];
    const doneSoFar = async (): Promise<number> =>
      withKeys(setup, keys, async (keeper) => {
        expect(await readAll(keeper)).toBe(connections);
        return (await rowsByKey(keeper))["next"] ?? 0;
      });

    let done = await doneSoFar();
    for (let kill = 0; kill < kills.atBoundaries; kill++) {
      const rows = 1 + random.below(30);
      const when = kill % 2 === 0 ? "unheard" : "asking";
      expect(await rotate({ ...setup, keys, death: { rows, when } })).toEqual({ ended: "SIGKILL", said: [] });
      done += rows;
      expect(await doneSoFar(), `seed ${seed}`).toBe(done);
    }
    for (let kill = 0; kill < kills.fromOutside; kill++) {
      const { ended, said } = await rotate({ ...setup, keys, death: undefined }, 1 + random.below(30));
      expect(ended).toBe("SIGKILL");
      const now = await doneSoFar();
      expect(now, `seed ${seed}`).toBeGreaterThanOrEqual(done + said.length);
      done = now;
    }

    const { ended, said } = await rotate({ ...setup, keys, death: undefined });
    expect({ ended, last: said.at(-1) }).toEqual({ ended: "0", last: { changed: connections - done, failed: 0 } });
    await expectRetired(setup, connections);
  });
}

/** Runs a process to its end, and kills it when it has said that it has done so many rows. */
async function rotate(
  setup: RotatorSetup,
  killAfter = Number.POSITIVE_INFINITY,
): Promise<{ readonly ended: string; readonly said: readonly FromRotator[] }> {
  let rows = 0;
  const child = startChild<FromRotator>(rotator, setup, () => {
    if (++rows === killAfter) child.kill();
  });
  return { ended: await child.ended, said: child.heard };
}

async function expectRetired(setup: KeeperSetup, connections: number): Promise<void> {
  await withKeys(setup, [next], async (keeper) => {
    expect(await rowsByKey(keeper)).toEqual({ next: connections });
    expect(await readAll(keeper)).toBe(connections);
  });
}

test("E7 a rotation on SQLite whose processes are killed twenty times leaves all readable and comes to its end", () =>
  rotateUnderKills("sqlite", 1_500, { atBoundaries: 14, fromOutside: 6 }));

describe.skipIf(missing)(missing ?? "on PostgreSQL", () => {
  test("E7 a rotation whose processes are killed eight times leaves all readable and comes to its end", () =>
    rotateUnderKills("postgres", 800, { atBoundaries: 5, fromOutside: 3 }));
});
