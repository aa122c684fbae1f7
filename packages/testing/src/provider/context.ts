import type { Connector, EmulatedResponse, ProviderEmulation } from "@grantkeeper/core/connector";
import type { TokenEngine } from "../engine/engine.ts";
import type { IdTokenSigner } from "../engine/id-token.ts";
import type { Accounts } from "./accounts.ts";
import type { DeviceCodes } from "./device/codes.ts";
import type { Lineage, LogWriter } from "./log.ts";
import type { ProviderOptions } from "./options.ts";
import { fillTemplate } from "./path-pattern.ts";
import { moveOwnUrls } from "./point-at.ts";
import type { PushedRequests } from "./pushed-requests.ts";

/** What the endpoints of one emulated provider share. */
export interface ProviderContext {
  /** As it was given: its URLs are the real provider's. */
  readonly connector: Connector;
  readonly origin: string;
  /** The connector's issuer, pointed here; perhaps a template. */
  readonly issuer: string | undefined;
  readonly emulation: ProviderEmulation | undefined;
  readonly options: ProviderOptions;
  /** Whether a consent gives refresh tokens. */
  readonly refreshTokens: boolean;
  readonly engine: TokenEngine;
  readonly devices: DeviceCodes;
  readonly pushedRequests: PushedRequests;
  /** The schemes that access tokens are taken under, in lower case: `bearer`, and token types that were answered. */
  readonly tokenTypes: Set<string>;
  readonly accounts: Accounts;
  readonly log: LogWriter;
  readonly signer: IdTokenSigner | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly save: () => Promise<void>;
}

/** An incoming request, its body read. */
export interface IncomingRequest {
  readonly method: string;
  /** At the real provider; of an endpoint of the emulator's own, at the emulator. */
  readonly url: URL;
  /** Values of the `{name}` places of the endpoint that matched. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Headers;
  readonly body: string;
}

/** The issuer for those values of the connector's params. */
export function issuerFor(context: ProviderContext, params: Readonly<Record<string, string>>): string | undefined {
  return context.issuer === undefined ? undefined : fillTemplate(context.issuer, params);
}

/** Where a token stands in its grant's history. */
export function lineageOf(context: ProviderContext, token: string): Lineage | undefined {
  const claims = context.engine.describe(token);
  return claims && { grant: claims.grantId, tokenSet: claims.tokenSet, generation: claims.generation };
}

/** Sends what a connector's emulation answers, its links to the provider's own origins pointed here. */
export function emulatedResponse({ connector, origin }: ProviderContext, answer: EmulatedResponse): Response {
  const move = moveOwnUrls(connector, origin);
  const headers = { ...answer.headers };
  for (const [name, value] of Object.entries(headers)) {
    if (/^(link|location)$/i.test(name))
      headers[name] = value.replace(/https?:[^\s<>",;]+/g, (url) => String(move(url)));
  }
  return toResponse({ ...answer, headers, ...(answer.json === undefined ? {} : { json: move(answer.json) }) });
}

export function toResponse({ status, headers, json, text }: EmulatedResponse): Response {
  const all = new Headers(headers);
  if (!all.has("cache-control")) all.set("cache-control", "no-store");
  if (json !== undefined) {
    if (!all.has("content-type")) all.set("content-type", "application/json");
    return new Response(JSON.stringify(json), { status, headers: all });
  }
  if (text !== undefined && !all.has("content-type")) all.set("content-type", "text/plain; charset=utf-8");
  return new Response(text ?? null, { status, headers: all });
}

export function jsonResponse(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}
