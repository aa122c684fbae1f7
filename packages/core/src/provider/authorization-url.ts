import * as openid from "openid-client";
import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { configure } from "./configuration.ts";
import { toResponse } from "./discovery.ts";
import { endpointError } from "./errors.ts";
import type { Transfer } from "./http.ts";
import type { Server } from "./server.ts";
import type { Transport } from "./transport.ts";

/** What the application wants of one sign-in beside what the connector says (OpenID Connect Core, sections 3.1.2.1 and 5.5). */
export interface SignInWishes {
  /** `login`, `consent`, `select_account` or `none`, several apart by spaces. */
  readonly prompt?: string | undefined;
  /** Whom the provider should expect: an e-mail address, as a rule. */
  readonly loginHint?: string | undefined;
  readonly claims?: JsonObject | undefined;
  /** RFC 9470, section 4, best first. */
  readonly acrValues?: readonly string[] | undefined;
  /** Seconds since the user has signed in, at most. Where an ID token comes, it is held to it. */
  readonly maxAge?: number | undefined;
}

export interface AuthorizationRequest extends SignInWishes {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: Secret | undefined;
  readonly codeVerifier: Secret | undefined;
  readonly hasRefreshToken: boolean;
  /** By token set. */
  readonly scopes: Readonly<Record<string, readonly string[]>>;
}

/** Makes the URL that a user's browser is sent to (RFC 6749, section 4.1.1), pushed before where the provider takes that. */
export function createAuthorizationUrls(
  transport: Transport,
  now: () => number,
): (connector: Connector, server: Server, request: AuthorizationRequest) => Promise<URL> {
  return async (connector, target, request) => {
    if (target.authorizationEndpoint === undefined) {
      throw new GrantkeeperError("invalid_request", "This connector has no sign-in in a browser: use keeper.connect.");
    }
    // RFC 9700, section 2.1.1: neither `plain` nor no challenge stands in for it.
    if (target.lacksS256 === true && request.codeVerifier !== undefined) {
      throw new GrantkeeperError(
        "invalid_config",
        `The issuer of connector "${connector.id}" says that it does not have PKCE with S256.`,
      );
    }
    const configuration = configure(connector, target, target.tokenEndpoint, now);
    const parameters = await parametersOf(connector, request);
    if (target.pushedAuthorizationRequestEndpoint === undefined) {
      if (!target.requirePushedAuthorizationRequests) return openid.buildAuthorizationUrl(configuration, parameters);
      // RFC 9126, section 5.
      throw new GrantkeeperError(
        "invalid_response",
        "The provider wants pushed requests, and names no endpoint for them.",
      );
    }
    let sent: Transfer | undefined;
    configuration[openid.customFetch] = async (url, init) => {
      sent = await transport(url, init as RequestInit);
      return toResponse(sent);
    };
    try {
      return await openid.buildAuthorizationUrlWithPAR(configuration, parameters);
    } catch (error) {
      throw endpointError("The authorization request could not be pushed", sent, error, now());
    }
  };
}

async function parametersOf(connector: Connector, request: AuthorizationRequest): Promise<Record<string, string>> {
  const { hasRefreshToken, scopes, nonce, codeVerifier, prompt, loginHint, claims, acrValues, maxAge } = request;
  const extra =
    typeof connector.authorizationParams === "function"
      ? connector.authorizationParams({ hasRefreshToken, scopes })
      : connector.authorizationParams;
  const own = scopes["default"] ?? [];
  const parameters: Record<string, string> = {
    // RFC 6749, section 3.1: one without a value is as good as none.
    ...Object.fromEntries(Object.entries(extra ?? {}).filter(([, value]) => value !== "")),
    ...(own.length === 0 ? {} : { scope: own.join(connector.scopeSeparator) }),
    ...(connector.resource === undefined ? {} : { resource: connector.resource }),
    ...(connector.responseMode === undefined ? {} : { response_mode: connector.responseMode }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(loginHint === undefined ? {} : { login_hint: loginHint }),
    ...(claims === undefined ? {} : { claims: JSON.stringify(claims) }),
    ...(acrValues === undefined || acrValues.length === 0 ? {} : { acr_values: acrValues.join(" ") }),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    ...(nonce === undefined ? {} : { nonce: nonce.reveal() }),
    response_type: "code",
    client_id: connector.clientId,
    redirect_uri: request.redirectUri,
    state: request.state,
  };
  if (codeVerifier !== undefined) {
    parameters["code_challenge"] = await openid.calculatePKCECodeChallenge(codeVerifier.reveal());
    parameters["code_challenge_method"] = "S256";
  }
  return parameters;
}
