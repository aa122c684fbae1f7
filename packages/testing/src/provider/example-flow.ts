import assert from "node:assert/strict";
import type { Connector, JsonObject, ProviderResponse } from "@grantkeeper/core/connector";
import { type ConsentChoice, consent } from "../consent.ts";
import { createPlainClient, type PlainClient } from "../contracts/plain-client.ts";
import { exampleConnector } from "./example-connector.ts";
import type { EmulatedProvider, ProviderOptions } from "./options.ts";
import { startProvider } from "./start.ts";

export const redirectUri = "https://app.example.com/callback?kept=1";

export interface Started {
  readonly provider: EmulatedProvider;
  readonly client: PlainClient;
}

const open: EmulatedProvider[] = [];

/** Starts a provider and a client of it, for this package's own tests. */
export async function start(
  connector: Connector = exampleConnector(),
  options: ProviderOptions = {},
): Promise<Started> {
  const provider = await startProvider(connector, options);
  open.push(provider);
  return { provider, client: createPlainClient(provider.connector, redirectUri, {}) };
}

/** Closes every provider that was started. */
export async function closeAll(): Promise<void> {
  for (const provider of open.splice(0)) await provider.close();
}

/** Consents and exchanges the code: returns the token response. */
export async function connect(client: PlainClient, choice: ConsentChoice = {}): Promise<JsonObject> {
  const { url, codeVerifier } = client.authorization();
  const callback = await consent(url, choice);
  assert.ok(callback.href.startsWith(`${redirectUri}&`));
  return bodyOf(await client.exchange(callback.searchParams.get("code") ?? "", codeVerifier));
}

/** The body of an answer, which must be an object. */
export function bodyOf({ body }: Pick<ProviderResponse, "body">): JsonObject {
  assert.ok(typeof body === "object" && body !== null);
  return body as JsonObject;
}

/** A field of a body, which must be a string. */
export function text(body: JsonObject, name: string): string {
  const value = body[name];
  assert.ok(typeof value === "string", `${name} is a string`);
  return value;
}
