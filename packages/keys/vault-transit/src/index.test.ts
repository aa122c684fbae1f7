import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import {
  type ConfiguredKey,
  createKeeper,
  type GrantkeeperError,
  generateKey,
  isGrantkeeperError,
  keyvStore,
} from "@grantkeeper/core";
import { github } from "@grantkeeper/github";
import { consent, startProvider } from "@grantkeeper/testing";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type VaultTransitOptions, vaultTransit } from "./index.ts";
import { startTransit } from "./test/transit-server.ts";
import { maximumAnswerBytes, toError } from "./transit.ts";

const context = { keyId: "vault", version: 1 };

async function errorOf(work: () => unknown): Promise<GrantkeeperError> {
  try {
    await work();
  } catch (error) {
    if (isGrantkeeperError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

async function createProvider(options: Partial<VaultTransitOptions> = {}) {
  const server = await startTransit();
  const provider = vaultTransit({ id: "vault", address: server.address, key: "grants", token: "token", ...options });
  return { server, provider };
}

describe("wrapping", () => {
  test("E1 gives back what was wrapped, also after the key was rotated", async () => {
    const { server, provider } = await createProvider({ namespace: "team" });
    const key = randomBytes(32);
    const wrapped = await provider.wrap(key, context);
    expect(Buffer.from(wrapped).includes(key)).toBe(false);
    server.rotate();
    expect(Buffer.from(await provider.unwrap(wrapped, context))).toEqual(key);
    const anew = await provider.wrap(key, context);
    expect(Buffer.from(anew).toString()).toMatch(/^vault:v2:/);
    expect(Buffer.from(await provider.unwrap(anew, context))).toEqual(key);
    expect(server.requests[0]).toEqual({ url: "/v1/transit/encrypt/grants", token: "token", namespace: "team" });
  });

  test("E2 what was wrapped opens with the same key id and version only", async () => {
    const { provider } = await createProvider();
    const wrapped = await provider.wrap(randomBytes(32), context);
    for (const other of [
      { keyId: "vault", version: 2 },
      { keyId: "other", version: 1 },
    ]) {
      expect(await errorOf(() => provider.unwrap(wrapped, other))).toMatchObject({ code: "decryption_failed" });
    }
    expect(await errorOf(() => provider.unwrap(Buffer.from("vault"), context))).toMatchObject({
      code: "decryption_failed",
    });
  });

  test("E9 a plaintext that is no key is an error", async () => {
    const { server, provider } = await createProvider();
    for (const plaintext of ["", "AAAA", randomBytes(31).toString("base64"), "é".repeat(44), 7, null]) {
      server.answer = (response) => void response.end(JSON.stringify({ data: { plaintext } }));
      const { code } = await errorOf(() => provider.unwrap(Buffer.from("vault:v1:AAAA"), context));
      expect(["decryption_failed", "keys_unavailable"]).toContain(code);
    }
  });
});

describe("a token", () => {
  test("that Vault refuses is asked for once more where it is given by a function", async () => {
    const given = ["old", "token"];
    const { server, provider } = await createProvider({ token: async () => given.shift() ?? "" });
    await provider.wrap(randomBytes(32), context);
    expect(server.requests.map(({ token }) => token)).toEqual(["old", "token"]);
  });

  test("that stays refused is a matter of the configuration", async () => {
    const { server, provider } = await createProvider({ token: () => "wrong" });
    expect(await errorOf(() => provider.wrap(randomBytes(32), context))).toMatchObject({ code: "invalid_config" });
    expect(server.requests).toHaveLength(2);
  });
});

describe("a Vault that cannot be used", () => {
  test.each([
    ["sealed", 503, "keys_unavailable"],
    ["a standby", 429, "keys_unavailable"],
    ["a standby of another cluster", 472, "keys_unavailable"],
    ["a performance standby", 473, "keys_unavailable"],
    ["at fault", 500, "keys_unavailable"],
    ["behind", 412, "keys_unavailable"],
    ["a standby that redirects", 307, "keys_unavailable"],
    ["without the key", 404, "invalid_config"],
    ["of another kind", 405, "invalid_config"],
  ])("E1 %s (%d) is %s", async (_, status, code) => {
    const { server, provider } = await createProvider();
    server.answer = (response: ServerResponse) => {
      response.writeHead(status, { location: "http://127.0.0.1:1/", "content-type": "application/json" });
      response.end(JSON.stringify({ errors: ["s3cr3t"] }));
    };
    const error = await errorOf(() => provider.wrap(randomBytes(32), context));
    expect(error.code).toBe(code);
    expect(error.message).not.toContain("s3cr3t");
  });

  test("E1 that does not answer, or too much, or nonsense, is away", async () => {
    const { server, provider } = await createProvider({ timeout: 0.1 });
    const wrap = async (): Promise<string> => (await errorOf(() => provider.wrap(randomBytes(32), context))).code;
    server.answer = () => undefined;
    expect(await wrap()).toBe("keys_unavailable");
    server.answer = (response) => void response.destroy();
    expect(await wrap()).toBe("keys_unavailable");
    server.answer = (response) => void response.end(`{"data":{"ciphertext":"${"x".repeat(maximumAnswerBytes)}"}}`);
    expect(await wrap()).toBe("keys_unavailable");
    for (const text of ["", "[]", "<html>", '{"data":[]}', '{"data":{"ciphertext":""}}']) {
      server.answer = (response) => void response.end(text);
      expect(await wrap(), text).toBe("keys_unavailable");
    }
  });

  test("E1 that names a time is not asked before", () => {
    const error = toError({ status: 503, retryAfter: "30", body: undefined }, 1_000);
    expect(error.retryAt?.getTime()).toBe(31_000);
  });

  test("E9 whatever it answers with, it is an error of the keeper's own, with nothing of it in the message", () => {
    const marked = fc.oneof(fc.constant("s3cr3t"), fc.jsonValue());
    const body = fc.oneof(fc.constant(undefined), fc.record({ errors: fc.oneof(marked, fc.array(marked)) }));
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        fc.oneof(fc.constant(null), fc.string()),
        body,
        (status, retryAfter, value) => {
          const error = toError({ status, retryAfter, body: value as never }, 0);
          expect(["decryption_failed", "invalid_config", "keys_unavailable"]).toContain(error.code);
          expect(error.message).not.toContain("s3cr3t");
        },
      ),
    );
  });
});

describe("options", () => {
  test.each<[string, Partial<VaultTransitOptions>]>([
    ["an address over http", { address: "http://vault.example.com" }],
    ["an address with a user", { address: "https://a:b@vault.example.com" }],
    ["no address", { address: "vault" }],
    ["a key with a slash", { key: "../sys" }],
    ["a mount that leads elsewhere", { mount: "transit/../sys" }],
    ["a timeout of nothing", { timeout: 0 }],
  ])("%s is refused", async (_, options) => {
    const make = () =>
      vaultTransit({ id: "v", address: "https://vault.example.com", key: "k", token: "t", ...options });
    expect(await errorOf(make)).toMatchObject({ code: "invalid_config" });
  });
});

describe("a keeper", () => {
  async function createWorld() {
    const server = await startTransit();
    const emulated = await startProvider(github({ clientId: "id", clientSecret: "secret", scopes: ["repo"] }));
    const store = keyvStore();
    const vault = vaultTransit({ id: "vault", address: server.address, key: "grants", token: "token" });
    const open = (...keys: readonly ConfiguredKey[]) =>
      createKeeper({
        connectors: { main: emulated.connector },
        store: { ...store, close: async () => undefined },
        callbackUrl: "https://app.example.com/connect",
        ...{ keys, cacheKeysFor: 0, cacheFor: 0 },
      });
    onTestFinished(() => emulated.close());
    return { server, vault, open };
  }

  async function connect(keeper: ReturnType<Awaited<ReturnType<typeof createWorld>>["open"]>) {
    const { url, headers } = await keeper.start("main", { owner: "ada" });
    const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
    return (await keeper.finish(new Request(await consent(url), { headers: { cookie } }), { owner: "ada" })).connection;
  }

  test("E1 works on it, says keys_unavailable while it is away, and goes on when it is back", async () => {
    const { server, vault, open } = await createWorld();
    const keeper = open(vault);
    const connection = await connect(keeper);
    server.answer = (response) => void response.writeHead(503).end();
    const { code, remedy } = await errorOf(() => connection.token());
    expect([code, remedy]).toEqual(["keys_unavailable", "retry"]);
    server.answer = undefined;
    expect((await connection.token()).accessToken).toBeTypeOf("string");
    await keeper.close();
  });

  test("E7 rotates from a configured key to it, after which the old key can go", async () => {
    const { vault, open } = await createWorld();
    const configured = { id: "configured", secret: generateKey() };
    const before = open(configured);
    const { id } = await connect(before);
    const promoted = open(vault, configured);
    expect(await promoted.rotateKeys()).toEqual({ seen: 1, changed: 1, failed: 0 });
    expect((await promoted.keyUsage()).map(({ keyId }) => keyId)).toEqual(["vault"]);
    const alone = open(vault);
    expect((await alone.connection("main", { id }).status()).state).toBe("active");
    for (const keeper of [before, promoted, alone]) await keeper.close();
  });
});
