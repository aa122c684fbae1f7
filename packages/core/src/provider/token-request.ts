import * as openid from "openid-client";
import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { causeWithoutSecrets, isGrantkeeperError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { clientSecretOf } from "./client-authentication.ts";
import { toResponse } from "./discovery.ts";
import type { Transfer } from "./http.ts";
import { type Judgement, judge, refreshTokensOf, type TokenOutcome } from "./token-answer.ts";
import { defined } from "./token-response.ts";
import type { Transport, TransportRequest } from "./transport.ts";

export interface TokenRequest {
  /** What must not be shown in whatever the provider says about it. */
  readonly secrets: readonly (Secret | undefined)[];
  /** The token set that a refresh asks for. */
  readonly refreshing?: string;
  readonly transport?: TransportRequest;
}

/** One grant of openid-client. */
export type GrantCall = () => Promise<openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers>;

/** Runs one grant of openid-client, with the answer judged and normalised before openid-client sees it. Never throws. */
export type SendTokenRequest = (
  connector: Connector,
  configuration: openid.Configuration,
  request: TokenRequest,
  grant: GrantCall,
) => Promise<TokenOutcome>;

export function createTokenRequests(transport: Transport, now: () => number): SendTokenRequest {
  return async (connector, configuration, { secrets, refreshing, transport: how }, grant) => {
    let judged: Judgement | undefined;
    let hasLeft = false;
    let keysUnavailable = false;
    configuration[openid.customFetch] = async (url, init) => {
      hasLeft = true;
      const tokenRequest = url === configuration.serverMetadata().token_endpoint;
      const request = tokenRequest ? encodeBody(connector, init as RequestInit) : (init as RequestInit);
      const sent = await transport(url, request, tokenRequest ? how : undefined);
      if (!tokenRequest) {
        const reading = await readAgain(sent, () => transport(url, request));
        keysUnavailable = !isAnswer(reading);
        return toResponse(reading);
      }
      judged = scrub(judge(connector, sent, refreshing, now()), [
        ...secrets,
        clientSecretOf(connector.clientAuthentication),
      ]);
      if (judged.kind !== "granted") throw new Error(judged.kind);
      return Response.json(judged.primary);
    };
    try {
      const result = await grant();
      if (judged?.kind !== "granted") throw new Error("no token request was made");
      const { tokenSets, tokenResponse } = judged;
      return { kind: "tokens", tokenSets, tokenResponse, idTokenClaims: result.claims() as JsonObject | undefined };
    } catch (error) {
      const cause = causeWithoutSecrets(error);
      if (judged?.kind === "granted") {
        const { tokenSets } = judged;
        return { kind: "invalid", cause, refreshTokens: refreshTokensOf(tokenSets), tokenSets, keysUnavailable };
      }
      if (judged !== undefined) return judged;
      if (hasLeft) return { kind: "ambiguous", answered: false, cause, retryAt: new Date(now() + 5_000) };
      const own = isGrantkeeperError(error) ? error : error instanceof Error ? error.cause : undefined;
      if (isGrantkeeperError(own)) return { kind: "unproven", error: own };
      return { kind: "rejected", error: { error: "invalid_request", errorDescription: cause.message } };
    }
  };
}

/** The tokens are here already, and the keys are all that is missing: they are asked for three times. */
async function readAgain(first: Transfer, read: () => Promise<Transfer>): Promise<Transfer> {
  let sent = first;
  for (let count = 1; count < 3 && !isAnswer(sent); count++) sent = await read();
  return sent;
}

function isAnswer(sent: Transfer): boolean {
  return sent.kind === "answered" && sent.response.status === 200;
}

/** Takes what was sent out of what the provider says about it: an error's words end up in messages and logs. */
function scrub(judged: Judgement, secrets: readonly (Secret | undefined)[]): Judgement {
  if (judged.kind !== "refused" && judged.kind !== "rejected") return judged;
  // The longest first: of one that another begins with, a rest would be left.
  const found = secrets
    .map((secret) => secret?.reveal() ?? "")
    .filter((secret) => secret !== "")
    .sort((a, b) => b.length - a.length);
  const clean = (text: string): string =>
    found.reduce((line, secret) => line.replaceAll(secret, () => "[redacted]"), String(text));
  const { error, errorDescription } = judged.error;
  const cleaned = { error: clean(error), ...defined("errorDescription", errorDescription && clean(errorDescription)) };
  return { kind: judged.kind, error: cleaned };
}

function encodeBody(connector: Connector, init: RequestInit): RequestInit {
  if (connector.bodyFormat !== "json" || !(init.body instanceof URLSearchParams)) return init;
  const headers = new Headers(init.headers);
  headers.set("content-type", "application/json");
  return { ...init, headers, body: JSON.stringify(Object.fromEntries(init.body)) };
}
