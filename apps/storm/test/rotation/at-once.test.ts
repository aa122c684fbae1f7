import { fileURLToPath } from "node:url";
import { generateKey, type KeyConfig } from "@grantkeeper/core";
import { describe, expect, test } from "vitest";
import { onStage } from "../../src/commands/stage.ts";
import type { StormKeeper } from "../../src/keeper.ts";
import { missingPostgres, type StoreKind } from "../../src/store.ts";
import type { KeeperSetup } from "../../src/worker/messages.ts";
import { startChild } from "./child.ts";
import { rowsByKey, withKeys } from "./reading.ts";
import type { Pass } from "./rotating.ts";
import type { Done, UsersSetup } from "./users.ts";

const missing = await missingPostgres();
if (missing !== undefined && process.env["GRANTKEEPER_REQUIRE_SERVICES"]) throw new Error(missing);

const scriptAt = (name: URL): string => fileURLToPath(name);
const next: KeyConfig = { id: "next", secret: generateKey() };
const connections = 60;
const patience = { timeout: 60_000, interval: 20 };

/** Two processes rotate from the first pass to the last, and two others use the connections all the while. */
async function rotateBesideUsers(store: StoreKind): Promise<void> {
  const { signal } = new AbortController();
  await onStage({ store, rotation: "strict", connections, accessTokenLife: 2, signal }, async (stage) => {
    const setup: KeeperSetup = {
      ...stage.setup,
      keys: [next, ...stage.setup.keys],
      // None of these may run out: this is not about processes that stand still.
      refresh: { callTimeout: 20, lease: 40, recoveryWait: 60 },
    };
    const users = [0, 1].map((place) => {
      const own: UsersSetup = { ...setup, connections: stage.connections.filter((_, index) => index % 2 === place) };
      return startChild<Done>(scriptAt(new URL("users.ts", import.meta.url)), own);
    });
    await expect.poll(() => users.every(({ heard }) => heard.length > 0), patience).toBe(true);
    const rotators = [0, 1].map(() => startChild<Pass>(scriptAt(new URL("rotating.ts", import.meta.url)), setup));
    const isEnough = (): boolean =>
      rotators.every(({ heard }) => heard.length >= 4) &&
      users.every(({ heard }) => {
        const { refreshes = 0, reconnects = 0, disconnects = 0 } = heard.at(-1) ?? {};
        return refreshes >= 60 && reconnects >= 6 && disconnects >= 6;
      });
    const isOver = (): boolean => [...rotators, ...users].some((child) => child.isOver);
    await expect.poll(() => isEnough() || isOver(), patience).toBe(true);
    for (const rotator of rotators) rotator.tell("stop");
    expect(await Promise.all(rotators.map((rotator) => rotator.ended))).toEqual(["0", "0"]);
    for (const user of users) user.tell("stop");
    expect(await Promise.all(users.map((user) => user.ended))).toEqual(["0", "0"]);
    expect(isEnough()).toBe(true);

    const passes = rotators.flatMap(({ heard }) => heard);
    // On a busy machine it may wait too long for the store. Nothing else keeps a row from being rewrapped.
    const failures = passes.flatMap((pass) => pass.failures);
    expect(failures.filter((code) => code !== "store_unavailable")).toEqual([]);
    expect(passes.reduce((sum, { changed }) => sum + changed, 0)).toBeGreaterThan(connections);
    await withKeys(setup, [next], async (keeper) => {
      expect(await rowsByKey(keeper)).toEqual({ next: connections });
      await refreshAll(keeper);
    });
    expect(stage.judge.reuseDetected).toBe(0);
  });
}

/** Each grant is alive at the provider, which gives a new token for it. */
async function refreshAll(keeper: StormKeeper): Promise<void> {
  const ids: string[] = [];
  for await (const { id } of keeper.connections()) ids.push(id);
  expect(ids).toHaveLength(connections);
  const refresh = async (id: string): Promise<void> => {
    const handle = keeper.connection("main", { id });
    const { accessToken } = await handle.token();
    await expect.poll(async () => (await handle.token()).accessToken, patience).not.toBe(accessToken);
  };
  await Promise.all(ids.map(refresh));
}

test("E7 two processes on SQLite that rotate at once disturb no refresh, no reconnect and no disconnect", () =>
  rotateBesideUsers("sqlite"));

describe.skipIf(missing)(missing ?? "on PostgreSQL", () => {
  test("E7 two processes that rotate at once disturb no refresh, no reconnect and no disconnect", () =>
    rotateBesideUsers("postgres"));
});
