import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { KeyProvider } from "@grantkeeper/core";
import { context, failureOf, sameBytes } from "./key-provider-errors.ts";
import type { KeyServiceTest, KeyServiceTestFunction } from "./key-provider-test.ts";
import type { ServiceAnswer } from "./key-service-front.ts";

/** Seconds that a client has for a call which is never answered. */
const shortTimeout = 0.25;
/** Tests a service that is away, closed or silent: the provider says so, and works again when it is back. */
export function testServiceOutages(test: KeyServiceTestFunction): void {
  test("E1 a service that is away is keys_unavailable, and usable as soon as it is back", async (it) => {
    const used = await use(it);
    await it.front.away(() => used.failsWith("keys_unavailable", "away"));
    await used.works();
  });

  test("E1 a service that fails, or breaks off, is keys_unavailable, and usable right after", async (it) => {
    const { service } = it;
    const used = await use(it);
    const json = { "content-type": "application/json" };
    const answers: Readonly<Record<string, ServiceAnswer>> = {
      "no answer": (response) => void response.destroy(),
      "an answer that breaks off": (response) => {
        response.writeHead(200, { ...json, "content-length": 1_000 });
        response.write('{"', () => response.destroy());
      },
      "says so": (response) => void response.writeHead(500, json).end(service.failureBody("busy")),
      "says so with 503": (response) => void response.writeHead(503, json).end(service.failureBody("busy")),
      "a gateway's page": (response) => void response.writeHead(502, { "content-type": "text/html" }).end("<html>"),
      "an empty failure": (response) => void response.writeHead(504).end(),
    };
    for (const [name, answer] of Object.entries(answers)) {
      await it.front.answering(answer, () => used.failsWith("keys_unavailable", name));
      await used.works();
    }
  });

  test("E1 a service that does not answer in time, or not to the end, is given up", async (it) => {
    const used = await use(it, shortTimeout);
    const answers: Readonly<Record<string, ServiceAnswer>> = {
      silent: () => undefined,
      "silent after the beginning": (response) => void response.writeHead(200).write('{"'),
      "slow for ever": (response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(drip));
      },
    };
    for (const [name, answer] of Object.entries(answers)) {
      await it.front.answering(answer, () => used.failsWith("keys_unavailable", name));
      assert.equal(it.front.waited(), 0, `${name}: the client gives up by itself`);
    }
    // By another client, for which a slow machine is no reason to give up.
    await used.works(it.client());
  });

  test("E1 a call that fails takes no other of its client with it", async (it) => {
    const { key, wrapped, provider } = await use(it);
    const held = Promise.withResolvers<ServerResponse>();
    let isFirst = true;
    const answer: ServiceAnswer = (response) => {
      if (!isFirst) return void response.destroy();
      isFirst = false;
      held.resolve(response);
    };
    await it.front.answering(answer, async () => {
      const meanwhile = async (): Promise<void> => {
        const response = await held.promise;
        await failureOf(() => provider.unwrap(wrapped, context), { code: "keys_unavailable", secrets: [key] });
        response.writeHead(200, { "content-type": "application/json" }).end(it.service.unwrappedBody(key));
      };
      const [unwrapped] = await Promise.all([provider.unwrap(wrapped, context), meanwhile()]);
      sameBytes(unwrapped, key, "the other call gets its answer");
    });
  });

  test("E1 a key that an administrator has closed is invalid_config, and usable once it is open again", async (it) => {
    const used = await use(it);
    const enable = it.service.disable();
    await used.failsWith("invalid_config", "closed");
    enable();
    await used.works();
  });
}

export interface UsedClient {
  readonly key: Uint8Array;
  readonly wrapped: Uint8Array;
  readonly provider: KeyProvider;
  /** Both calls fail so, and show nothing of the keys. */
  readonly failsWith: (code: "keys_unavailable" | "invalid_config", name: string) => Promise<void>;
  /** What was wrapped before opens, and so does something new. */
  readonly works: (by?: KeyProvider) => Promise<void>;
}

/** A client with something that it has wrapped. */
export async function use({ client }: Pick<KeyServiceTest, "client">, timeout?: number): Promise<UsedClient> {
  const key = randomBytes(32);
  const wrapped = await client().wrap(key, context);
  const provider = client(timeout);
  return {
    key,
    wrapped,
    provider,
    async failsWith(code: "keys_unavailable" | "invalid_config", name: string): Promise<void> {
      const fresh = randomBytes(32);
      const expected = { code, secrets: [key, fresh] };
      const errors = await Promise.all([
        failureOf(() => provider.wrap(fresh, context), expected, `${name}, wrap`),
        failureOf(() => provider.unwrap(wrapped, context), expected, `${name}, unwrap`),
      ]);
      for (const { remedy } of errors) assert.equal(remedy, code === "keys_unavailable" ? "retry" : "fix_config");
    },
    async works(by = provider): Promise<void> {
      sameBytes(await by.unwrap(wrapped, context), key, "what was wrapped before opens");
      const fresh = randomBytes(32);
      sameBytes(await by.unwrap(await by.wrap(fresh, context), context), fresh, "something new is wrapped");
    },
  };
}
