import type { OAuthError } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import { readText, type UnreadRequest } from "./read-text.ts";

/** What came back to the redirect URI (RFC 6749, section 4.1.2). */
export interface AuthorizationResponse {
  readonly connectorKey: string;
  readonly state: string;
  /** Each name once. */
  readonly parameters: URLSearchParams;
  readonly error: OAuthError | undefined;
}

interface IncomingRequest extends UnreadRequest {
  readonly url: string;
  readonly method?: string;
}

const maximumLength = 64 * 1024;

/** Reads the query, or the form of `response_mode=form_post`. A malformed one is refused before any flow is touched. */
export async function readAuthorizationResponse(
  request: IncomingRequest,
  callbackUrl: URL,
): Promise<AuthorizationResponse> {
  const malformed = (problem: string): never => {
    throw new GrantkeeperError("invalid_request", `The provider's answer is malformed: ${problem}.`);
  };
  if (request.url.length > maximumLength) return malformed("it is too long");
  const url = URL.parse(request.url, callbackUrl.origin) ?? malformed("its URL cannot be read");
  const [connectorKey, last] = url.pathname.split("/").filter(Boolean).slice(-2);
  if (connectorKey === undefined || last !== "callback")
    return malformed("its path does not end in <connector>/callback");
  const posted = request.method === "POST";
  const form = posted ? await readText(request, maximumLength) : "";
  if (form === undefined) return malformed("it is too long");
  const parameters = posted ? new URLSearchParams(form) : url.searchParams;
  // RFC 6749, section 3.1: no parameter twice.
  if (new Set(parameters.keys()).size !== parameters.size) return malformed("a parameter stands in it twice");
  // RFC 6749, section 4.1.2: neither what a hybrid flow has, nor a signed answer (JARM), was asked for.
  if (parameters.has("id_token") || parameters.has("response")) return malformed("it holds more than a code");
  const state = parameters.get("state");
  const code = parameters.get("code");
  const error = parameters.get("error");
  if (state === null || state === "") return malformed("it has no state");
  if ((code === null || code === "") === (error === null)) return malformed("it must have either a code or an error");
  const description = parameters.get("error_description");
  return {
    connectorKey,
    state,
    parameters,
    error: error === null ? undefined : { error, ...(description === null ? {} : { errorDescription: description }) },
  };
}
