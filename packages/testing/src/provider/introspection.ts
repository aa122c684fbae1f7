import { readClientRequest, refusalResponse } from "./client-request.ts";
import { type IncomingRequest, issuerFor, jsonResponse, type ProviderContext } from "./context.ts";
import { refuse } from "./grants/grant.ts";

/** Answers an introspection request (RFC 7662, section 2) about a token of either kind, and changes nothing. */
export async function answerIntrospection(context: ProviderContext, request: IncomingRequest): Promise<Response> {
  const { connector, engine, log, now } = context;
  const at = now();
  const refused = (refusal: ReturnType<typeof refuse>) => {
    log.clientRequest({ at, endpoint: "introspection", outcome: refusal.error });
    return refusalResponse(refusal, request);
  };
  const parameters = await readClientRequest(context, request);
  if ("error" in parameters) return refused(parameters);
  // RFC 7662, section 2.1: whoever could ask without a secret could try tokens out.
  if (connector.clientAuthentication.method === "none") {
    return refused(refuse("invalid_client", "A public client may not introspect."));
  }
  const token = parameters.get("token");
  if (token === undefined) return refused(refuse("invalid_request", "There is no token."));

  const live = engine.inspect(token);
  log.clientRequest({ at, endpoint: "introspection", outcome: live ? "active" : "inactive" });
  if (live === undefined) return jsonResponse({ active: false });
  const { kind, grant, scopes, expiresAt } = live;
  const issuer = issuerFor(context, grant.params);
  return jsonResponse({
    active: true,
    scope: scopes.join(" "),
    client_id: grant.clientId,
    sub: grant.accountId,
    ...(kind === "access" ? { token_type: "Bearer" } : {}),
    ...(expiresAt === undefined ? {} : { exp: Math.floor(expiresAt / 1000) }),
    ...(issuer === undefined ? {} : { iss: issuer }),
  });
}
