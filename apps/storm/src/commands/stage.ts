import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey } from "@grantkeeper/core";
import type { RotationKind } from "../history/history.ts";
import { orAborted } from "../interruption.ts";
import { openKeeper } from "../keeper.ts";
import { mapPool } from "../pool.ts";
import { type Judge, startEmulator } from "../provider/judge.ts";
import { createStoreHome, openStore, type StoreKind } from "../store.ts";
import { keeperTimes, shortTimes } from "../times.ts";
import { ownerOf } from "../worker/consents.ts";
import type { KeeperSetup } from "../worker/messages.ts";

/** A provider and a store with connections in it whose access tokens have run out. */
export interface Stage {
  readonly judge: Judge;
  readonly setup: KeeperSetup;
  readonly folder: string;
  readonly connections: readonly string[];
}

export interface StageOptions {
  readonly store: StoreKind;
  readonly rotation: RotationKind;
  readonly connections: number;
  /** Seconds. Left out: so long that no token runs out a second time. */
  readonly accessTokenLife?: number;
  /** Ends the work before its time; all is cleared away. */
  readonly signal: AbortSignal;
}

const longLife = 3_600;

/** Sets a stage, runs work on it, and clears it away. */
export async function onStage<Result>(options: StageOptions, work: (stage: Stage) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "grantkeeper-storm-"));
  const judge = await startEmulator(options.rotation, options.accessTokenLife ?? longLife);
  const home = await createStoreHome(options.store, folder, `grantkeeper_storm_${process.pid}_${Date.now()}`);
  try {
    const setup: KeeperSetup = {
      ...{ store: home.config, connector: judge.connector, journal: join(folder, "journal") },
      keys: [{ id: "key-1", secret: generateKey() }],
      ...keeperTimes(shortTimes),
    };
    const connections = await fill(judge, setup, options.connections);
    return await orAborted(options.signal, work({ judge, setup, folder, connections }));
  } finally {
    await home.remove();
    await judge.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill({ seed }: Judge, setup: KeeperSetup, count: number): Promise<readonly string[]> {
  const { store, close } = openStore(setup.store);
  const keeper = openKeeper(setup, store);
  try {
    return await mapPool(seed?.(count) ?? [], 8, async ({ account, accessToken, refreshToken }) => {
      const expiresAt = new Date(Date.now() - 1_000);
      const tokens = { accessToken, refreshToken, expiresAt };
      return (await keeper.adopt("main", { owner: ownerOf(account), account: { id: account }, tokens })).id;
    });
  } finally {
    await keeper.close();
    await close();
  }
}
