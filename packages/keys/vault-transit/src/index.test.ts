import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { type GrantkeeperError, isGrantkeeperError } from "@grantkeeper/core";
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
  onTestFinished(server.close);
  const provider = vaultTransit({ id: "vault", address: server.address, key: "grants", token: "token", ...options });
  return { server, provider };
}

describe("requests and answers", () => {
  test("E1 go to the key by its path, with token and namespace, and name the version that wraps", async () => {
    const { server, provider } = await createProvider({ namespace: "team" });
    const wrapped = await provider.wrap(randomBytes(32), context);
    expect(Buffer.from(wrapped).toString()).toMatch(/^vault:v1:/);
    server.rotate();
    expect(Buffer.from(await provider.wrap(randomBytes(32), context)).toString()).toMatch(/^vault:v2:/);
    await provider.unwrap(wrapped, context);
    const sent = { token: "token", namespace: "team" };
    expect(server.requests).toEqual([
      { url: "/v1/transit/encrypt/grants", ...sent },
      { url: "/v1/transit/encrypt/grants", ...sent },
      { url: "/v1/transit/decrypt/grants", ...sent },
    ]);
  });

  test("E9 a ciphertext in another form than the engine's is not sent: version 0 would open as 1", async () => {
    const { server, provider } = await createProvider();
    const [start, text] = ["vault:v1:", randomBytes(60).toString("base64")];
    const others = ["", start, text, `vault:v0:${text}`, `vault:v01:${text}`, `${start}\n${text}`, ` ${start}${text}`];
    for (const other of others) {
      const error = await errorOf(() => provider.unwrap(Buffer.from(other), context));
      expect(error, other).toMatchObject({ code: "decryption_failed" });
    }
    expect(server.requests).toEqual([]);
  });

  test("E9 a ciphertext in another form is not taken from an answer either, nor what was sent", async () => {
    const { server, provider } = await createProvider();
    const key = randomBytes(32);
    for (const ciphertext of ["", "vault:v1:", key.toString("base64"), `vault:v1:${"A".repeat(5)}`, 7, null]) {
      server.answer = (response) => void response.end(JSON.stringify({ data: { ciphertext } }));
      expect(await errorOf(() => provider.wrap(key, context))).toMatchObject({ code: "keys_unavailable" });
    }
  });

  test("E9 a plaintext that is not base64 of a key is an error", async () => {
    const { server, provider } = await createProvider();
    const wrapped = await provider.wrap(randomBytes(32), context);
    for (const plaintext of ["AAAA", "é".repeat(44), `${randomBytes(32).toString("base64")}\n`]) {
      server.answer = (response) => void response.end(JSON.stringify({ data: { plaintext } }));
      expect(await errorOf(() => provider.unwrap(wrapped, context))).toMatchObject({ code: "decryption_failed" });
    }
  });

  test("E1 an answer of more than 64 KiB is not read to its end, though it begins well", async () => {
    const { server, provider } = await createProvider();
    const ciphertext = `vault:v1:${randomBytes(60).toString("base64")}`;
    const answer = JSON.stringify({ data: { ciphertext } });
    server.answer = (response) => void response.end(answer.padEnd(maximumAnswerBytes));
    expect(Buffer.from(await provider.wrap(randomBytes(32), context)).toString()).toBe(ciphertext);
    server.answer = (response) => void response.end(answer.padEnd(maximumAnswerBytes + 1));
    expect(await errorOf(() => provider.wrap(randomBytes(32), context))).toMatchObject({ code: "keys_unavailable" });
  });

  test("E9 a version that was retired is named by what retired it", async () => {
    const { server, provider } = await createProvider();
    const wrapped = await provider.wrap(randomBytes(32), context);
    server.rotate();
    server.minimumDecryptionVersion = 2;
    expect((await errorOf(() => provider.unwrap(wrapped, context))).message).toContain("min_decryption_version");
  });

  test("R54 what the application's fetch throws is not shown, since it may quote what was sent", async () => {
    const { provider } = await createProvider({
      fetch: async (_, init) => {
        throw new Error(`could not send ${String(init?.body)}`);
      },
    });
    const error = await errorOf(() => provider.wrap(Buffer.alloc(32, "s3cr3t"), context));
    expect(error).toMatchObject({ code: "keys_unavailable" });
    expect(error.cause).toBeUndefined();
    expect(error.message).not.toContain(Buffer.alloc(32, "s3cr3t").toString("base64"));
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
