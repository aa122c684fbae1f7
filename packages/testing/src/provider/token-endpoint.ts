import type { IssuedTokenSet, JsonObject } from "@grantkeeper/core/connector";
import type { Refusal } from "../engine/engine.ts";
import type { IssuedGrant } from "../engine/issue.ts";
import { authenticatesClient } from "./client-authentication.ts";
import {
  emulatedResponse,
  type IncomingRequest,
  issuerFor,
  lineageOf,
  type ProviderContext,
  toResponse,
} from "./context.ts";
import type { TokenRequestEntry } from "./log.ts";
import { readParameters } from "./parameters.ts";

/** Which grants an endpoint takes: refreshing may have an endpoint of its own. */
export interface TokenEndpointRole {
  readonly exchange: boolean;
  readonly refresh: boolean;
}

/** A token request once it is read: `answer` judges it and issues tokens. */
export interface TokenRequest {
  readonly answer: () => Promise<Response>;
}

/** Reads a token request (RFC 6749, sections 4.1.3 and 6) into its log entry, and changes nothing yet. */
export function readTokenRequest(
  context: ProviderContext,
  role: TokenEndpointRole,
  request: IncomingRequest,
  entry: TokenRequestEntry,
): TokenRequest {
  const { connector, engine } = context;
  const authorization = request.headers.get("authorization") ?? undefined;
  const parameters = readParameters(request, connector.bodyFormat ?? "form");
  if (parameters) {
    entry.grantType = parameters.get("grant_type");
    entry.clientId = parameters.get("client_id") ?? (authorization === undefined ? undefined : connector.clientId);
    const refreshToken = parameters.get("refresh_token");
    if (refreshToken !== undefined) {
      entry.presented = lineageOf(context, refreshToken);
      entry.accountId = engine.accountOf(refreshToken);
    }
  }

  const judge = (authenticated: boolean): IssuedGrant | Refusal => {
    if (request.method !== "POST") return refuse("invalid_request", "Token requests are sent by POST.");
    if (request.url.search !== "") return refuse("invalid_request", "Parameters belong in the body.");
    if (parameters === undefined) {
      return refuse("invalid_request", `The body is not ${connector.bodyFormat ?? "form"}, or repeats a parameter.`);
    }
    if (!authenticated) {
      return refuse(
        "invalid_client",
        `The client must authenticate by ${connector.clientAuthentication.method} alone.`,
      );
    }
    const grantType = parameters.get("grant_type");
    const expected = grantType === "refresh_token" ? connector.refreshParams : connector.tokenParams;
    for (const [name, value] of Object.entries(expected ?? {})) {
      if (parameters.get(name) !== value)
        return refuse("invalid_request", `The parameter ${name} is missing or wrong.`);
    }
    if (grantType === "authorization_code" && role.exchange) {
      return engine.exchange({
        code: parameters.get("code") ?? "",
        redirectUri: parameters.get("redirect_uri"),
        codeVerifier: parameters.get("code_verifier"),
      });
    }
    if (grantType === "refresh_token" && role.refresh) {
      const scope = parameters.get("scope");
      return engine.refresh({
        refreshToken: parameters.get("refresh_token") ?? "",
        scopes: scope === undefined ? undefined : scope.split(connector.scopeSeparator).filter(Boolean),
      });
    }
    return refuse("unsupported_grant_type", "This endpoint does not take that grant_type.");
  };

  return {
    answer: async () => {
      const { now } = context;
      const issuer = issuerFor(context, request.params);
      const judged = judge(
        parameters !== undefined && (await authenticatesClient(connector, authorization, parameters, { issuer, now })),
      );
      if ("error" in judged) {
        entry.outcome = judged.error;
        if (judged.reuse) {
          entry.reuse = true;
          context.log.reuse();
        }
        await context.save();
        return errorResponse(context, judged, authorization !== undefined);
      }
      entry.outcome = "issued";
      entry.accountId = judged.grant.accountId;
      const [first] = Object.entries(judged.tokenSets);
      if (first) entry.issued = { grant: judged.grant.id, tokenSet: first[0], generation: first[1].generation };
      await context.save();
      return tokenResponse(context, judged, entry.grantType === "refresh_token");
    },
  };
}

function refuse(error: string, errorDescription: string): Refusal {
  return { error, errorDescription };
}

function errorResponse(context: ProviderContext, { error, errorDescription }: Refusal, basic: boolean): Response {
  const shaped = context.emulation?.tokenError?.({ error, errorDescription });
  if (shaped) return toResponse(shaped);
  return toResponse({
    status: error === "invalid_client" ? 401 : 400,
    headers: error === "invalid_client" && basic ? { "www-authenticate": 'Basic realm="emulated"' } : {},
    json: { error, error_description: errorDescription },
  });
}

async function tokenResponse(context: ProviderContext, issued: IssuedGrant, refreshed: boolean): Promise<Response> {
  const account = context.accounts.find(issued.grant.accountId);
  if (account === undefined) throw new Error(`The account ${issued.grant.accountId} is no longer emulated.`);
  const issuer = issuerFor(context, issued.grant.params);
  const tokenSets: Record<string, IssuedTokenSet> = {};
  for (const [name, { accessToken, expiresInSeconds, refreshToken, scopes }] of Object.entries(issued.tokenSets)) {
    const signs = context.signer !== undefined && issuer !== undefined && scopes.includes("openid");
    const idToken = signs
      ? await context.signer.sign({
          issuer,
          clientId: context.connector.clientId,
          account,
          scopes,
          nonce: issued.nonce,
          now: context.now(),
        })
      : undefined;
    tokenSets[name] = { accessToken, expiresInSeconds, refreshToken, scopes, idToken };
  }
  const request = refreshed ? "refresh_token" : "authorization_code";
  const shaped = context.emulation?.tokenResponse?.({ request, tokenSets, account });
  return emulatedResponse(context, shaped ?? { status: 200, json: plainTokenResponse(context, tokenSets, refreshed) });
}

/** RFC 6749, section 5.1. Under `none` a refresh repeats no refresh token. */
function plainTokenResponse(
  { connector, options }: ProviderContext,
  tokenSets: Readonly<Record<string, IssuedTokenSet>>,
  refreshed: boolean,
): JsonObject {
  const set = tokenSets["default"] ?? Object.values(tokenSets)[0];
  if (set === undefined) throw new Error("No token set was issued.");
  const rotation = options.rotation ?? connector.rotation;
  const unchanged = refreshed && rotation.kind === "none";
  return {
    access_token: set.accessToken,
    token_type: "Bearer",
    ...(set.expiresInSeconds === undefined ? {} : { expires_in: set.expiresInSeconds }),
    ...(set.refreshToken === undefined || unchanged ? {} : { refresh_token: set.refreshToken }),
    scope: set.scopes.join(connector.scopeSeparator),
    ...(set.idToken === undefined ? {} : { id_token: set.idToken }),
  };
}
