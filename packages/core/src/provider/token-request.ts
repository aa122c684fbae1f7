import * as openid from "openid-client";
import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { causeWithoutSecrets, isGrantkeeperError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { clientSecretOf } from "./client-authentication.ts";
import { toResponse } from "./discovery.ts";
import { withoutSecrets } from "./errors.ts";
import type { Transfer } from "./http.ts";
import { assertIdTokenClaims } from "./id-token-claims.ts";
import { type Judgement, judge, refreshTokensOf, type TokenOutcome } from "./token-answer.ts";
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
      // The issuer's keys are all that it gets beside.
      const tokenRequest = init.method === "POST";
      const request = tokenRequest ? encodeBody(connector, init as RequestInit) : (init as RequestInit);
      const sent = await transport(url, request, tokenRequest ? how : undefined);
      if (!tokenRequest) {
        const reading = await readAgain(sent, () => transport(url, request));
        keysUnavailable = isMissing(reading);
        return toResponse(reading);
      }
      judged = scrub(judge(connector, sent, refreshing, now()), [
        ...secrets,
        clientSecretOf(connector.clientAuthentication),
      ]);
      if (judged.kind !== "granted") throw new Error(judged.kind);
      return readResponse(judged.primary);
    };
    try {
      const result = await grant();
      if (judged?.kind !== "granted") throw new Error("no token request was made");
      const { primary, tokenSets, tokenResponse } = judged;
      const { clientId } = connector;
      assertIdTokenClaims(result.claims(), primary, { clientId, now: now(), isNew: refreshing === undefined });
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

/** Made by the first answer, as it loads all of `fetch`; to make another one takes twice as long as to copy it. */
let emptyJson: Response | undefined;

/** An answer that is read already, for openid-client: not written out to be read a second time. */
function readResponse(answer: object): Response {
  emptyJson ??= new Response(null, { headers: { "content-type": "application/json" } });
  // A copy, as openid-client normalises what it reads.
  return Object.defineProperty(emptyJson.clone(), "json", { value: async () => ({ ...answer }) });
}

/** The tokens are here already, and the keys are all that is missing: they are asked for three times, in one deadline. */
async function readAgain(first: Transfer, read: () => Promise<Transfer>): Promise<Transfer> {
  let sent = first;
  for (let count = 1; count < 3 && isMissing(sent) && !hasTimedOut(sent); count++) sent = await read();
  return sent;
}

/** A redirect, or what is too large to be read, is there and will be no other the next time. */
function isMissing(sent: Transfer): boolean {
  return sent.kind === "answered" ? sent.response.status !== 200 : sent.kind !== "unusable";
}

function hasTimedOut(sent: Transfer): boolean {
  return sent.kind === "ambiguous" && sent.cause.message === "TimeoutError";
}

/** Takes what was sent out of what the provider says about it: an error's words end up in messages and logs. */
export function scrub(judged: Judgement, secrets: readonly (Secret | undefined)[]): Judgement {
  if (judged.kind !== "refused" && judged.kind !== "rejected") return judged;
  return { kind: judged.kind, error: withoutSecrets(judged.error, secrets) };
}

function encodeBody(connector: Connector, init: RequestInit): RequestInit {
  if (connector.bodyFormat !== "json" || !(init.body instanceof URLSearchParams)) return init;
  const headers = new Headers(init.headers);
  headers.set("content-type", "application/json");
  return { ...init, headers, body: JSON.stringify(Object.fromEntries(init.body)) };
}
