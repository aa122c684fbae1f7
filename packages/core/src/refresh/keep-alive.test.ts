import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { PassProgress } from "../index.ts";
import {
  closeWorlds,
  codeOf,
  connect,
  createWorld,
  githubConnector,
  googleConnector,
  slackConnector,
} from "../test/harness.ts";

afterEach(closeWorlds);

const day = 24 * 60 * 60;
const idleConnector = { ...githubConnector, refreshTokenIdleLifetime: 100 * day };
const refreshes = (provider: {
  readonly log: { readonly tokenRequests: readonly { grantType: string | undefined }[] };
}) => provider.log.tokenRequests.filter(({ grantType }) => grantType === "refresh_token").length;

describe("keepAlive", () => {
  test("D8 refreshes a grant in the middle of its idle life, and not before", async () => {
    const { keeper, provider, clock } = await createWorld(idleConnector);
    const { connection } = await connect(keeper);
    clock.advance(39 * day);
    expect(await keeper.keepAlive()).toEqual({ seen: 0, changed: 0, failed: 0 });
    clock.advance(22 * day);
    expect(await keeper.keepAlive()).toEqual({ seen: 1, changed: 1, failed: 0 });
    expect(refreshes(provider)).toBe(1);
    expect(await keeper.keepAlive()).toEqual({ seen: 0, changed: 0, failed: 0 });
    for (let round = 0; round < 5; round++) {
      clock.advance(61 * day);
      await keeper.keepAlive();
    }
    expect((await connection.token()).accessToken).toBeTypeOf("string");
    expect(provider.log.reuseDetected).toBe(0);
  });

  test("D8 where no provider ends an idle grant there is nothing to do", async () => {
    const { keeper, clock } = await createWorld({ ...googleConnector, refreshTokenIdleLifetime: undefined });
    await connect(keeper);
    clock.advance(1000 * day);
    expect(await keeper.keepAlive()).toEqual({ seen: 0, changed: 0, failed: 0 });
  });

  test("D8 each token set that is due is refreshed", async () => {
    const connector = { ...slackConnector, refreshTokenIdleLifetime: 30 * day };
    const { keeper, provider, clock } = await createWorld(connector);
    await connect(keeper);
    clock.advance(20 * day);
    expect(await keeper.keepAlive()).toEqual({ seen: 1, changed: 1, failed: 0 });
    expect(
      provider.log.tokenRequests
        .slice(1)
        .map(({ presented }) => presented?.tokenSet)
        .sort(),
    ).toEqual(["default", "user"]);
  });

  test("D2 several processes at once share the work, and each grant is refreshed once", async () => {
    const { keeper, another, provider, clock } = await createWorld(idleConnector, {
      latencyMs: 10,
    });
    for (let count = 0; count < 35; count++) await connect(keeper, { owner: `owner-${count}` });
    clock.advance(61 * day);
    const passes = await Promise.all([keeper, another(), another()].map((one) => one.keepAlive()));
    const sum = (name: keyof PassProgress) => passes.reduce((total, pass) => total + pass[name], 0);
    expect(sum("changed")).toBe(35);
    expect(sum("failed")).toBe(0);
    expect(refreshes(provider)).toBe(35);
    expect(provider.log.reuseDetected).toBe(0);
  });

  test("D1 a caller beside it gets the token of the same refresh", async () => {
    const { keeper, provider, clock } = await createWorld(idleConnector, {
      latencyMs: 40,
    });
    const { connection } = await connect(keeper);
    clock.advance(61 * day);
    const passing = keeper.keepAlive();
    await delay(10);
    const [token] = await Promise.all([connection.token(), passing]);
    expect(token.accessToken).toBeTypeOf("string");
    expect(refreshes(provider)).toBe(1);
  });

  test("F12 what fails is counted, keeps its place, and stops no other", async () => {
    let failing = true;
    const before = ({ presented }: { readonly presented: { readonly grant: number } | undefined }) =>
      failing && presented?.grant === 1 ? { status: 503, text: "down" } : undefined;
    const { keeper, clock } = await createWorld(idleConnector, {
      faults: { before },
    });
    for (const owner of ["ada", "grace", "alan"]) await connect(keeper, { owner });
    clock.advance(61 * day);
    const seen: PassProgress[] = [];
    expect(await keeper.keepAlive({ onProgress: (progress) => seen.push(progress) })).toEqual({
      seen: 3,
      changed: 2,
      failed: 1,
    });
    expect(seen.at(-1)).toEqual({ seen: 3, changed: 2, failed: 1 });
    failing = false;
    clock.advance(61);
    expect(await keeper.keepAlive()).toEqual({ seen: 1, changed: 1, failed: 0 });
  });

  test("a connection whose connector this keeper does not have is left to others", async () => {
    const { keeper, another, clock } = await createWorld(idleConnector);
    await connect(keeper);
    clock.advance(61 * day);
    const without = another({ connectors: {} as never });
    expect(await without.keepAlive()).toEqual({ seen: 1, changed: 0, failed: 0 });
    expect(await keeper.keepAlive()).toEqual({ seen: 1, changed: 1, failed: 0 });
  });

  test("it can be stopped, and does nothing once the keeper is closed", async () => {
    const { keeper, another } = await createWorld(githubConnector);
    expect(await codeOf(keeper.keepAlive({ signal: AbortSignal.abort() }))).toBe("aborted");
    const closed = another();
    await closed.close();
    expect(await codeOf(closed.keepAlive())).toBe("closed");
  });
});
