import { randomBytes } from "node:crypto";
import { judgeAuthorizationRequest } from "./authorization-request.ts";
import { readClientRequest, refusalResponse } from "./client-request.ts";
import { type IncomingRequest, jsonResponse, type ProviderContext } from "./context.ts";
import { refuse } from "./grants/grant.ts";

/** Authorization requests that a client has pushed (RFC 9126), in memory. */
export interface PushedRequests {
  /** Returns the `request_uri`. */
  readonly add: (parameters: ReadonlyMap<string, string>, at: number) => string;
  /** Spends a `request_uri`; `undefined` for one that is unknown, was used, or has expired. */
  readonly take: (requestUri: string, at: number) => ReadonlyMap<string, string> | undefined;
}

const lifetimeSeconds = 60;

export function createPushedRequests(): PushedRequests {
  const pushed = new Map<string, { readonly parameters: ReadonlyMap<string, string>; readonly expiresAt: number }>();
  return {
    add: (parameters, at) => {
      const requestUri = `urn:ietf:params:oauth:request_uri:${randomBytes(24).toString("base64url")}`;
      pushed.set(requestUri, { parameters, expiresAt: at + lifetimeSeconds * 1000 });
      return requestUri;
    },
    take: (requestUri, at) => {
      const found = pushed.get(requestUri);
      pushed.delete(requestUri);
      return found !== undefined && at < found.expiresAt ? found.parameters : undefined;
    },
  };
}

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
