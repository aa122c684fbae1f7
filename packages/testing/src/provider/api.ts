import type { EmulatedRoute, JsonObject } from "@grantkeeper/core/connector";
import { identityClaims } from "../engine/id-token.ts";
import { type Access, lookUpAccess } from "./access.ts";
import { authenticatesClient, isClientBasic } from "./client-authentication.ts";
import {
  emulatedResponse,
  type IncomingRequest,
  issuerFor,
  jsonResponse,
  lineageOf,
  type ProviderContext,
} from "./context.ts";
import type { VerifyAssertion } from "./grants/verify-assertion.ts";
import { readParameters } from "./parameters.ts";

/** Answers a call to one of the emulation's own routes. */
export async function answerRoute(
  context: ProviderContext,
  route: EmulatedRoute,
  request: IncomingRequest,
  verifyAssertion: VerifyAssertion,
): Promise<Response> {
  const { connector, accounts, engine, log } = context;
  const access = lookUpAccess(context, request.headers);
  const answer = route.handle({
    method: request.method,
    url: request.url,
    headers: request.headers,
    body: request.body,
    token: access.token,
    reason: access.reason,
    clientAuthenticated: isClientBasic(connector, request.headers.get("authorization") ?? undefined),
    assertion: await assertionOf(context, request, verifyAssertion),
    issue: (accountId, scopes) => {
      if (accounts.find(accountId) === undefined) return undefined;
      const { params } = request;
      const { tokenSets } = engine.issue({ accountId, scopes: { default: scopes }, params, refreshTokens: false });
      const { default: set } = tokenSets;
      return set && { accessToken: set.accessToken, expiresAt: set.accessExpiresAt };
    },
    revoke: (token, scope) => {
      const lineage = lineageOf(context, token);
      const known = engine.end(token, scope === "grant" ? "account" : "set");
      log.revocation({ at: Date.now(), lineage, known });
      return known;
    },
  });
  logCall(context, request, access, answer.status);
  return emulatedResponse(context, answer);
}

async function assertionOf(
  { now }: ProviderContext,
  { headers }: IncomingRequest,
  verifyAssertion: VerifyAssertion,
): Promise<JsonObject | undefined> {
  const [, assertion] = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  if (assertion === undefined) return undefined;
  const claims = await verifyAssertion(assertion, { currentDate: new Date(now()), requiredClaims: ["exp"] });
  return claims as JsonObject | undefined;
}

/** Answers a call that no route takes. */
export function answerUnknown(context: ProviderContext, request: IncomingRequest): Response {
  logCall(context, request, lookUpAccess(context, request.headers), 404);
  return jsonResponse({ error: "not_found", error_description: `Nothing is emulated at ${request.url.href}.` }, 404);
}

/** Answers a userinfo request (OpenID Connect Core, section 5.3). */
export function answerUserinfo(context: ProviderContext, request: IncomingRequest): Response {
  const access = lookUpAccess(context, request.headers);
  const response = userinfo(context, access);
  logCall(context, request, access, response.status);
  return response;
}

function userinfo(context: ProviderContext, { token, reason }: Access): Response {
  const refuse = (status: number, error: string | undefined) =>
    new Response(null, {
      status,
      headers: { "www-authenticate": `Bearer realm="emulated"${error === undefined ? "" : `, error="${error}"`}` },
    });
  if (token === undefined) return refuse(401, reason === "missing" ? undefined : "invalid_token");
  // Without an issuer it is a plain OAuth provider, which may know no `openid`.
  if (context.issuer === undefined) {
    return jsonResponse({ sub: token.account.id, ...identityClaims(token.account, ["profile", "email"]) });
  }
  if (!token.scopes.includes("openid")) return refuse(403, "insufficient_scope");
  return jsonResponse({ sub: token.account.id, ...identityClaims(token.account, token.scopes) });
}

/** Answers a revocation request (RFC 7009, section 2): 200 for an unknown token too. */
export async function answerRevocation(context: ProviderContext, request: IncomingRequest): Promise<Response> {
  const { connector, engine, log } = context;
  const parameters = readParameters(request, "form") ?? readParameters(request, "json");
  const token = parameters?.get("token");
  if (request.method !== "POST" || parameters === undefined || token === undefined) {
    return jsonResponse({ error: "invalid_request" }, 400);
  }
  const authorization = request.headers.get("authorization") ?? undefined;
  const asked = { issuer: issuerFor(context, request.params), now: context.now };
  if (!(await authenticatesClient(connector, authorization, parameters, asked))) {
    return jsonResponse({ error: "invalid_client" }, 401);
  }
  const lineage = lineageOf(context, token);
  const known = engine.end(token, connector.revocationScope === "grant" ? "account" : "token");
  log.revocation({ at: Date.now(), lineage, known });
  return new Response(null, { status: 200, headers: { "cache-control": "no-store" } });
}

function logCall(context: ProviderContext, request: IncomingRequest, access: Access, status: number): void {
  context.log.apiRequest({
    at: Date.now(),
    method: request.method,
    url: request.url.href,
    accountId: access.token?.account.id,
    lineage: access.lineage,
    credential: access.credential,
    reason: access.reason,
    status,
  });
}
