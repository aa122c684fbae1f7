import type { Refusal } from "../engine/engine.ts";
import { authenticatesClient } from "./client-authentication.ts";
import { type IncomingRequest, issuerFor, lineageOf, type ProviderContext, toResponse } from "./context.ts";
import { type Granted, refuse, type TokenGrant } from "./grants/grant.ts";
import type { TokenRequestEntry } from "./log.ts";
import { readParameters } from "./parameters.ts";
import { tokenResponse } from "./token-response.ts";

/** A token request once it is read: `answer` judges it and issues tokens. */
export interface TokenRequest {
  readonly answer: () => Promise<Response>;
}

/** Reads a token request (RFC 6749, section 3.2) into its log entry, and changes nothing yet. It may be for `grants`. */
export function readTokenRequest(
  context: ProviderContext,
  grants: readonly TokenGrant[],
  request: IncomingRequest,
  entry: TokenRequestEntry,
): TokenRequest {
  const { connector, engine } = context;
  const authorization = request.headers.get("authorization") ?? undefined;
  const parameters = readParameters(request, connector.bodyFormat ?? "form");
  const grant = grants.find(({ type }) => type === parameters?.get("grant_type"));
  if (parameters) {
    entry.grantType = parameters.get("grant_type");
    entry.clientId = parameters.get("client_id") ?? (authorization === undefined ? undefined : connector.clientId);
    entry.device = context.devices.describe(parameters.get("device_code") ?? "");
    const refreshToken = parameters.get("refresh_token");
    if (refreshToken !== undefined) {
      entry.presented = lineageOf(context, refreshToken);
      entry.accountId = engine.accountOf(refreshToken);
    }
  }

  const judge = async (): Promise<(Granted & { readonly grant: TokenGrant }) | Refusal> => {
    if (request.method !== "POST") return refuse("invalid_request", "Token requests are sent by POST.");
    if (request.url.search !== "") return refuse("invalid_request", "Parameters belong in the body.");
    if (parameters === undefined) {
      return refuse("invalid_request", `The body is not ${connector.bodyFormat ?? "form"}, or repeats a parameter.`);
    }
    const { clientAuthentication: own } = connector;
    const asked = { issuer: issuerFor(context, request.params), now: context.now };
    const anonymous = grant?.clientAuthentication === "optional" && !claimsClient(authorization, parameters);
    if (!anonymous && !(await authenticatesClient(connector, authorization, parameters, asked))) {
      return refuse("invalid_client", `The client must authenticate by ${own.method} alone.`);
    }
    const expected = grant === undefined ? connector.tokenParams : grant.expected;
    for (const [name, value] of Object.entries(expected ?? {})) {
      if (parameters.get(name) !== value)
        return refuse("invalid_request", `The parameter ${name} is missing or wrong.`);
    }
    if (grant === undefined) return refuse("unsupported_grant_type", "This endpoint does not take that grant_type.");
    if (grant.clientAuthentication === "confidential" && own.method === "none") {
      return refuse("unauthorized_client", "A public client may not use this grant_type.");
    }
    const judged = await grant.judge({ parameters, params: request.params, at: entry.at });
    return "error" in judged ? judged : { ...judged, grant };
  };

  return {
    answer: async () => {
      const judged = await judge();
      if ("error" in judged) {
        entry.outcome = judged.error;
        if (judged.reuse) {
          entry.reuse = true;
          context.log.reuse();
        }
        await context.save();
        return errorResponse(context, judged, authorization !== undefined);
      }
      const { issued } = judged;
      entry.outcome = "issued";
      entry.accountId = issued.grant.accountId;
      const [first] = Object.entries(issued.tokenSets);
      if (first) entry.issued = { grant: issued.grant.id, tokenSet: first[0], generation: first[1].generation };
      await context.save();
      return tokenResponse(context, judged.grant, judged);
    },
  };
}

/** Whether a request says anything about who its client is. */
function claimsClient(authorization: string | undefined, parameters: ReadonlyMap<string, string>): boolean {
  const names = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];
  return authorization !== undefined || names.some((name) => parameters.has(name));
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
