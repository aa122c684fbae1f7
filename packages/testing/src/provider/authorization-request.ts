import type { Connector } from "@grantkeeper/core/connector";

/** What is wrong with an authorization request. Only one that names its client and where to answer may be redirected. */
export interface AuthorizationProblem {
  readonly error: string;
  readonly description: string;
  readonly redirects: boolean;
}

/** Judges an authorization request (RFC 6749, section 4.1.1, and RFC 7636, section 4.3). */
export function judgeAuthorizationRequest(
  connector: Connector,
  query: ReadonlyMap<string, string>,
): AuthorizationProblem | undefined {
  const show = (description: string, error = "invalid_request") => ({ error, description, redirects: false });
  const tell = (description: string) => ({ error: "invalid_request", description, redirects: true });
  if (query.get("client_id") !== connector.clientId) return show("The client_id is unknown.");
  if (!isRedirectUri(query.get("redirect_uri"))) {
    return show("The redirect_uri must be an https URL, or an http one of this machine.");
  }
  if (query.get("response_type") !== "code") {
    return show("The response_type must be code.", "unsupported_response_type");
  }
  const mode = query.get("response_mode");
  if (mode !== undefined && mode !== "query" && mode !== "form_post") {
    return show("The response_mode must be query or form_post.");
  }
  const challenge = query.get("code_challenge");
  if (challenge === undefined) return undefined;
  if (connector.pkce !== "S256") return tell("This provider refuses PKCE.");
  const isS256 = query.get("code_challenge_method") === "S256" && /^[\w-]{43}$/.test(challenge);
  return isS256 ? undefined : tell("The code_challenge must be one of S256.");
}

function isRedirectUri(value: string | undefined): boolean {
  if (value === undefined || !URL.canParse(value)) return false;
  const { protocol, hostname, hash } = new URL(value);
  if (hash !== "") return false;
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname));
}
