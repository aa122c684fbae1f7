import { judgeAuthorizationRequest } from "./authorization-request.ts";
import { readClientRequest, refusalResponse } from "./client-request.ts";
import { type IncomingRequest, jsonResponse, type ProviderContext } from "./context.ts";
import { refuse } from "./grants/grant.ts";
import { lifetimeSeconds } from "./pushed-requests.ts";

/** Answers a pushed authorization request (RFC 9126, section 2), judged as the authorization endpoint does. */
export async function answerPushedRequest(context: ProviderContext, request: IncomingRequest): Promise<Response> {
  const { connector, log, now, pushedRequests } = context;
  const at = now();
  const judge = async () => {
    const parameters = await readClientRequest(context, request);
    if ("error" in parameters) return parameters;
    if (parameters.has("request_uri")) return refuse("invalid_request", "A pushed request names no request_uri.");
    const problem = judgeAuthorizationRequest(connector, parameters);
    return problem === undefined ? parameters : refuse(problem.error, problem.description);
  };
  const parameters = await judge();
  const outcome = "error" in parameters ? parameters.error : "answered";
  log.clientRequest({ at, endpoint: "pushed_authorization_request", outcome });
  if ("error" in parameters) return refusalResponse(parameters, request);
  return jsonResponse({ request_uri: pushedRequests.add(parameters, at), expires_in: lifetimeSeconds }, 201);
}
