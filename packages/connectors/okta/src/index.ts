import { type ClientAuthentication, type Connector, defineConnector, type Rotation } from "@grantkeeper/core/connector";
import type { OktaScope } from "./scopes.ts";

export type { OktaScope } from "./scopes.ts";

/** The app integration that asks, and what it asks for. */
export interface OktaOptions {
  readonly clientId: string;
  /** By the method that the app has under its client credentials. */
  readonly clientAuthentication: ClientAuthentication;
  /** `openid` and `offline_access` are always added. Add `profile` and `email` to learn the account's name and address. */
  readonly scopes?: readonly OktaScope[] | undefined;
  /** Id of a custom authorization server, such as `default`. Left out: the organization's own. */
  readonly authorizationServer?: "default" | (string & {}) | undefined;
  /** As the app has it. Left out: `strict`; a persistent token is `none`, one with a grace period `grace`. */
  readonly rotation?: Rotation | undefined;
  /** Seconds without use after which a refresh token dies by the access policy. Left out: a week. */
  readonly refreshTokenIdleLifetime?: number | undefined;
  /** The API that access tokens are for. Left out: the organization. */
  readonly apiBaseUrl?: string | undefined;
  /** Left out: the origin of `apiBaseUrl`. */
  readonly apiOrigins?: readonly string[] | undefined;
  /** Where organizations are that a start names. Left out: `okta.com`. */
  readonly domain?: "okta.com" | "oktapreview.com" | "okta-emea.com" | undefined;
  /** The organization's host, as in `acme.okta.com`, or its custom domain. Left out: each start names its `organization`. */
  readonly host?: string | undefined;
}

/** Connects accounts of an Okta organization. Rests on https://developer.okta.com/docs/guides/refresh-tokens/main/. */
export function okta(options: OktaOptions & { readonly host: string }): Connector<never, never>;
export function okta(options: OktaOptions & { readonly host?: undefined }): Connector<"organization", never>;
export function okta(options: OktaOptions): Connector<string, never> {
  const origin = `https://${options.host ?? `{organization}.${options.domain ?? "okta.com"}`}`;
  // developer.okta.com/docs/concepts/auth-servers, checked 2026-11-26: the organization's own is issued by its host.
  const server = `${origin}/oauth2${options.authorizationServer === undefined ? "" : `/${options.authorizationServer}`}`;
  const apiBaseUrl = options.apiBaseUrl ?? origin;
  return defineConnector<string, never>({
    id: "okta",
    name: "Okta",

    clientId: options.clientId,
    clientAuthentication: options.clientAuthentication,
    // developer.okta.com/docs/guides/refresh-tokens/main, checked 2026-11-26
    pkce: "S256",

    issuer: options.authorizationServer === undefined ? origin : server,
    authorizationEndpoint: `${server}/v1/authorize`,
    tokenEndpoint: `${server}/v1/token`,
    revocationEndpoint: `${server}/v1/revoke`,
    userinfoEndpoint: `${server}/v1/userinfo`,
    jwksUri: `${server}/v1/keys`,

    apiBaseUrl,
    apiOrigins: options.apiOrigins ?? [apiBaseUrl.replace(/^(https:\/\/[^/?#]+).*$/s, "$1")],

    scopes: [...new Set(["openid", "offline_access", ...(options.scopes ?? [])])],
    scopeSeparator: " ",
    tokenSets: {},
    params: options.host === undefined ? { organization: /^[a-z0-9][a-z0-9-]{0,62}$/ } : {},

    // developer.okta.com/docs/guides/refresh-tokens/main, checked 2026-11-26: each app chooses, and may allow the last
    // token for 0 to 60 seconds more. A token used after that ends the newest one.
    rotation: options.rotation ?? { kind: "strict" },
    // The same page: unlimited, but a week without use ends it, unless the access policy says otherwise.
    refreshTokenIdleLifetime: options.refreshTokenIdleLifetime ?? 604_800,
    // developer.okta.com/docs/guides/revoke-tokens/main, checked 2026-11-26: a refresh token takes its access token along.
    revocationScope: "token",

    docs: "https://developer.okta.com/docs/guides/refresh-tokens/main/",
    checkedOn: "2026-11-26",
    emulation: () => import("./emulation.ts").then((module) => module.oktaEmulation(origin)),
  });
}
