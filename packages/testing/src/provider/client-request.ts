import type { Refusal } from "../engine/engine.ts";
import { authenticatesClient } from "./client-authentication.ts";
import { type IncomingRequest, issuerFor, jsonResponse, type ProviderContext } from "./context.ts";
import { refuse } from "./grants/grant.ts";
import { readParameters } from "./parameters.ts";

/** The parameters of a form that the client posted and proved itself in, as at the token endpoint. */
export async function readClientRequest(
  context: ProviderContext,
  request: IncomingRequest,
): Promise<ReadonlyMap<string, string> | Refusal> {
  const parameters = request.method === "POST" ? readParameters(request, "form") : undefined;
  if (parameters === undefined)
    return refuse("invalid_request", "It must be a form, posted, that repeats no parameter.");
  const authorization = request.headers.get("authorization") ?? undefined;
  const asked = { issuer: issuerFor(context, request.params), now: context.now };
  if (await authenticatesClient(context.connector, authorization, parameters, asked)) return parameters;
  const { method } = context.connector.clientAuthentication;
  return refuse("invalid_client", `The client must authenticate by ${method} alone.`);
}

/** An error in the shape of RFC 6749, section 5.2. */
export function refusalResponse({ error, errorDescription }: Refusal, request: IncomingRequest): Response {
  const response = jsonResponse({ error, error_description: errorDescription }, error === "invalid_client" ? 401 : 400);
  if (error === "invalid_client" && request.headers.has("authorization")) {
    response.headers.set("www-authenticate", 'Basic realm="emulated"');
  }
  return response;
}
