import { describe, expect, onTestFinished, test } from "vitest";
import type { Connector } from "../connector/types.ts";
import { createKeeper, type Keeper, keyvStore } from "../index.ts";
import { guardedSendOf } from "../provider/guard.ts";
import { exampleConnector } from "../test/connector.ts";
import { codeOf, errorOf } from "../test/errors.ts";
import { callbackUrl, createClock, key, silent } from "../test/harness.ts";
import { startTlsServer } from "../test/tls-server.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { certificate, guardFor } from "./test/provider.ts";

const account = { id: "account-1" };
const params = { host: "provider.example" };

/** A connector whose host its user names. */
function ownHost(change: Partial<Connector> = {}, port = 8443): Connector {
  return exampleConnector({
    authorizationEndpoint: `https://{host}:${port}/authorize`,
    tokenEndpoint: `https://{host}:${port}/token`,
    apiBaseUrl: `https://{host}:${port}/api`,
    apiOrigins: [`https://{host}:${port}`],
    params: { host: /^[a-z0-9-]+(\.[a-z0-9-]+)+$/ },
    ...change,
  });
}

/** A keeper with a provider of a host that DNS may turn against it. */
async function startWorld(change: (port: number) => Partial<Connector> = () => ({})) {
  let addresses = ["127.0.0.1"];
  let lookups = 0;
  let count = 0;
  const clock = createClock();
  const server = await startTlsServer(certificate, (response) => {
    count++;
    response.setHeader("content-type", "application/json");
    const tokens = { token_type: "bearer", expires_in: 3600, scope: "read" };
    response.end(JSON.stringify({ ...tokens, access_token: `access-${count}`, refresh_token: `refresh-${count}` }));
  });
  const fetch = guardFor(server, {
    lookup: async () => {
      lookups++;
      return addresses;
    },
  });
  const keeper: Keeper<{ own: Connector }> = createKeeper({
    connectors: { own: ownHost(change(server.port), server.port) },
    store: keyvStore(undefined, { now: clock.now }),
    keys: [key],
    ...{ callbackUrl, fetch, logger: silent, now: clock.now },
  });
  onTestFinished(() => keeper.close());
  const turn = (to: readonly string[]): void => {
    addresses = [...to];
  };
  return { keeper, server, clock, turn, lookups: () => lookups };
}

const stored = { accessToken: "access-0", refreshToken: "refresh-0", expiresAt: new Date(0) };

describe("a connector of any host", () => {
  test("R24 is refused unless the fetch guards", async () => {
    const options = { connectors: { own: ownHost() }, keys: [key], callbackUrl, logger: silent };
    expect(await codeOf(() => createKeeper(options))).toBe("invalid_config");
    expect(await codeOf(() => createKeeper({ ...options, fetch: globalThis.fetch }))).toBe("invalid_config");
    expect(await codeOf(() => createKeeper({ ...options, fetch: guardedFetch() }))).toBeUndefined();
  });

  test("R24 a refresh at a host that has turned private sends nothing, says so, and keeps the grant", async () => {
    const { keeper, server, clock, turn, lookups } = await startWorld();
    const connection = await keeper.adopt("own", { owner: "ada", params, tokens: stored, account });
    turn(["127.0.0.1", "10.0.0.1"]);
    const error = await errorOf(() => connection.token());
    expect(error).toMatchObject({ code: "invalid_request", remedy: "fix_input", connector: "own" });
    expect(error.message).toContain("private network");
    expect(server.connections()).toBe(0);
    expect(lookups()).toBe(1);
    expect((await connection.status()).state).toBe("active");
    turn(["127.0.0.1"]);
    clock.advance(60);
    expect((await connection.token()).accessToken).toBe("access-1");
  });

  test("R24 an API call at such a host sends no token", async () => {
    const { keeper, server, turn } = await startWorld();
    const tokens = { ...stored, expiresAt: new Date(Date.now() + 3_600_000) };
    const connection = await keeper.adopt("own", { owner: "ada", params, tokens, account });
    expect((await connection.fetch("me")).status).toBe(200);
    turn(["169.254.169.254"]);
    expect(await errorOf(() => connection.fetch("me"))).toMatchObject({ code: "invalid_request", connector: "own" });
    expect(server.connections()).toBe(1);
  });

  test("R24 so is the question whose account it is", async () => {
    const { keeper, server, turn } = await startWorld((port) => ({
      userinfoEndpoint: `https://{host}:${port}/userinfo`,
    }));
    turn(["::1"]);
    const tokens = { ...stored, expiresAt: new Date(Date.now() + 3_600_000) };
    expect(await codeOf(() => keeper.adopt("own", { owner: "ada", params, tokens }))).toBe("invalid_request");
    expect(server.connections()).toBe(0);
  });

  test("R24 and so is the metadata of its issuer", async () => {
    const { keeper, server, turn, lookups } = await startWorld((port) => ({
      ...{ issuer: `https://{host}:${port}`, authorizationEndpoint: undefined, tokenEndpoint: undefined },
    }));
    turn(["192.168.0.1"]);
    expect(await codeOf(() => keeper.start("own", { owner: "ada", params }))).toBe("invalid_request");
    expect(lookups()).toBe(1);
    expect(server.connections()).toBe(0);
  });

  test("D3 it asks whether a refresh may leave when the connection stands", async () => {
    const { server } = await startWorld();
    const asked: number[] = [];
    const send = guardedSendOf(guardFor(server));
    const sending = send?.(`https://provider.example:${server.port}/token`, { method: "POST", body: "x" }, () => {
      asked.push(server.connections());
      return false;
    });
    await expect(sending).rejects.toThrow();
    expect(asked).toHaveLength(1);
    expect(server.requests).toEqual([]);
  });
});
