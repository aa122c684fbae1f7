import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { GrantkeeperError, type KeyContext, type KeyProvider } from "@grantkeeper/core";
import type { KeyFlaw } from "./key-provider-flaws.ts";
import type { KeyClientOptions, KeyProviderUnderTest } from "./key-provider-test.ts";
import { referenceKey } from "./reference-key.ts";
import { damaged } from "./reference-key-provider.ts";

interface Asked extends KeyContext {
  readonly operation: "wrap" | "unwrap";
  readonly given: string;
}

/** A key service of its own form, and clients of it, for this package's own tests; the clients have the flaw. */
export async function referenceKeyService(flaw?: KeyFlaw): Promise<KeyProviderUnderTest> {
  const own = await startService(flaw);
  const other = await startService(flaw);
  return {
    client: (how) => clientOf(how, flaw),
    stranger: ({ timeout }) => clientOf({ address: other.address, timeout }, flaw),
    service: {
      address: own.address,
      wrappedBody: bodyOf,
      unwrappedBody: bodyOf,
      failureBody: (words) => JSON.stringify({ error: "busy", words }),
      rotate: own.key.rotate,
      disable: own.disable,
      retire: own.key.retire,
    },
    dispose: async () => {
      own.close();
      other.close();
    },
  };
}

const bodyOf = (bytes: Uint8Array): string => JSON.stringify({ bytes: Buffer.from(bytes).toString("base64") });

async function startService(flaw: KeyFlaw | undefined) {
  const key = referenceKey(flaw);
  let isOpen = true;
  const http = createServer(async (request, response) => {
    const { operation, given: text, ...context } = (await json(request)) as Asked;
    const given = Buffer.from(text, "base64");
    const result = operation === "wrap" ? key.wrap(given, context) : key.unwrap(given, context);
    const error = !isOpen ? "closed" : typeof result === "string" ? result : undefined;
    response.writeHead(error === undefined ? 200 : 400);
    response.end(error === undefined ? bodyOf(Buffer.from(result)) : JSON.stringify({ error }));
  }).listen(0, "127.0.0.1");
  await once(http, "listening");
  return {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    key,
    disable: () => {
      isOpen = false;
      return () => {
        isOpen = true;
      };
    },
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
}

function clientOf({ address, timeout }: KeyClientOptions, flaw: KeyFlaw | undefined): KeyProvider {
  const is = (candidate: KeyFlaw): boolean => candidate === flaw;
  let hasFailed = false;
  const shared = new AbortController();

  function failure(words: string, sent: string): GrantkeeperError {
    hasFailed = true;
    if (is("gives up all calls with one")) shared.abort();
    if (is("calls an outage damage")) return damaged();
    if (is("calls an outage a matter of the configuration")) return new GrantkeeperError("invalid_config", "Closed.");
    const cause = is("has what it sent as cause") ? { cause: { request: Buffer.from(sent) } } : {};
    const shown = is("shows what the service says") ? words : is("shows what it sent") ? sent : "";
    return new GrantkeeperError("keys_unavailable", `The service could not be used. ${shown}`, cause);
  }

  async function ask(asked: Asked): Promise<Buffer> {
    const sent = JSON.stringify(asked);
    if (is("stays away after an outage") && hasFailed) throw failure("", sent);
    let [status, text] = [0, ""];
    try {
      ({ status, text } = await send(sent));
    } catch {
      throw failure("", sent);
    }
    const body = parsed(text);
    if (status === 400 && body.error === "damaged") throw damaged();
    if (status === 400 && (body.error === "closed" || body.error === "retired")) {
      if (is("calls a retired version damage") && body.error === "retired") throw damaged();
      if (is("calls a closed key an outage")) throw failure("", sent);
      throw new GrantkeeperError("invalid_config", "Somebody has closed the key, or a version of it.");
    }
    if (status === 200 && typeof body.bytes === "string") return Buffer.from(body.bytes, "base64");
    if (status === 200 && is("takes any answer for wrapped") && asked.operation === "wrap") return Buffer.from(text);
    throw status === 200 && is("calls a wrong answer damage") ? damaged() : failure(text, sent);
  }

  async function send(sent: string): Promise<{ readonly status: number; readonly text: string }> {
    const limit = new AbortController();
    const timer = is("has no time-out") ? undefined : setTimeout(() => limit.abort(), timeout * 1000);
    try {
      const response = await fetch(address, {
        ...{ method: "POST", body: sent, redirect: is("follows redirects") ? "follow" : "manual" },
        signal: AbortSignal.any([limit.signal, shared.signal]),
      });
      if (is("has no time-out for the body")) clearTimeout(timer);
      return { status: response.status, text: await response.text() };
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    id: "reference",
    async wrap(key, context) {
      const asked: Asked = { operation: "wrap", given: Buffer.from(key).toString("base64"), ...context };
      const wrapped = await ask(asked).catch((error: unknown) => {
        if (is("wraps by itself in an outage")) return Buffer.from(key);
        throw error;
      });
      const tooLarge = wrapped.length > 4_096 && !is("takes any size for wrapped");
      if ((wrapped.length > 0 && !tooLarge) || is("takes any answer for wrapped")) return wrapped;
      throw failure("", "");
    },
    async unwrap(wrapped, context) {
      const key = await ask({ operation: "unwrap", given: Buffer.from(wrapped).toString("base64"), ...context });
      if (key.length === 32 || is("takes any size for a key")) return key;
      throw damaged();
    },
  };
}

function parsed(text: string): { readonly error?: unknown; readonly bytes?: unknown } {
  try {
    return Object(JSON.parse(text)) as { readonly error?: unknown; readonly bytes?: unknown };
  } catch {
    return {};
  }
}
