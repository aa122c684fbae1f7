import {
  type AuthorizationContext,
  type Connector,
  clientSecretPost,
  defineConnector,
} from "@grantkeeper/core/connector";
import { apiOrigins } from "./api-origins.ts";
import type { GoogleScope } from "./scopes.ts";

export type { GoogleScope } from "./scopes.ts";

/** The OAuth client that asks, and what it asks for (https://console.cloud.google.com/auth/clients). */
export interface GoogleOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** `openid` is always added. Add `email` and `profile` to learn the account's address and name. */
  readonly scopes?: readonly GoogleScope[] | undefined;
  /** What the user always sees. The consent page is shown anyway while there is no refresh token. */
  readonly prompt?: "consent" | "select_account" | undefined;
  /** Origins of Google APIs beside the common ones, such as `https://region-aiplatform.googleapis.com`. */
  readonly apiOrigins?: readonly string[] | undefined;
}

/**
 * Connects a Google account, with a refresh token, for any of Google's APIs.
 * Rests on https://developers.google.com/identity/protocols/oauth2/web-server.
 */
export function google(options: GoogleOptions): Connector<never, never, never> {
  return defineConnector<never, never, never>({
    id: "google",
    name: "Google",

    clientId: options.clientId,
    // developers.google.com/identity/openid-connect/reference, checked 2026-11-23: post and basic; S256 and plain.
    clientAuthentication: clientSecretPost(options.clientSecret),
    pkce: "S256",

    // accounts.google.com/.well-known/openid-configuration, checked 2026-11-23
    issuer: "https://accounts.google.com",
    authorizationEndpoint: "https://accounts.google.com/o/oauth2/v2/auth",
    tokenEndpoint: "https://oauth2.googleapis.com/token",
    revocationEndpoint: "https://oauth2.googleapis.com/revoke",
    userinfoEndpoint: "https://openidconnect.googleapis.com/v1/userinfo",
    jwksUri: "https://www.googleapis.com/oauth2/v3/certs",

    apiBaseUrl: "https://www.googleapis.com",
    apiOrigins: apiOrigins(options.apiOrigins),

    scopes: [...new Set(["openid", ...(options.scopes ?? [])])],
    scopeSeparator: " ",
    // Google grants these two under their long names: unconfirmed on its pages.
    scopeIncludes: {
      "https://www.googleapis.com/auth/userinfo.email": ["email"],
      "https://www.googleapis.com/auth/userinfo.profile": ["profile"],
    },
    tokenSets: {},
    params: {},
    authorizationParams: (context) => authorizationParams(context, options.prompt),

    // developers.google.com/identity/protocols/oauth2/web-server#offline, checked 2026-11-23: a refresh brings no new one.
    rotation: { kind: "none" },
    // developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke, checked 2026-11-23: either token ends all.
    revocationScope: "grant",
    accessTokenLifetime: 3600, // unconfirmed: each answer has its own expires_in
    // developers.google.com/identity/protocols/oauth2#expiration says six months: unconfirmed, as others quote it.
    refreshTokenIdleLifetime: 15_552_000,

    docs: "https://developers.google.com/identity/protocols/oauth2/web-server",
    checkedOn: "2026-11-23",
    emulation: () => import("./emulation.ts").then((module) => module.googleEmulation),
  });
}

// Google gives a refresh token on a user's first consent only, so without one the consent is asked for again.
// developers.google.com/identity/protocols/oauth2/web-server, checked 2026-11-23
function authorizationParams(
  { hasRefreshToken }: AuthorizationContext,
  always: GoogleOptions["prompt"],
): Readonly<Record<string, string>> {
  const prompts = new Set([always, hasRefreshToken ? undefined : "consent"]);
  prompts.delete(undefined);
  return {
    access_type: "offline",
    include_granted_scopes: "true",
    ...(prompts.size > 0 && { prompt: [...prompts].join(" ") }),
  };
}
