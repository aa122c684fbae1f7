import {
  type Account,
  type Connector,
  clientSecretPost,
  type IdentityInput,
  type Json,
  type JsonObject,
  type OAuthError,
  type ProviderResponse,
} from "@grantkeeper/core/connector";

const origin = "https://{shop}.myshopify.com";

/** The app, as it is registered in the Dev Dashboard, and what becomes of it in a store. */
export interface ShopifyApp {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Of the Admin API, as in `2026-10`. Left out: that one. */
  readonly apiVersion?: string | undefined;
  /**
   * True: a disconnect uninstalls the app from the store, which also deletes its webhooks and cannot be undone. Left out: the
   * tokens are dropped here, and the app stays installed.
   */
  readonly uninstallOnDisconnect?: boolean | undefined;
}

type Store = Omit<Connector<"shop", never>, "id" | "authorizationEndpoint" | "scopes" | "credentials" | "docs">;

/** What the connectors of Shopify have in common. */
export function store({ clientId, clientSecret, apiVersion = "2026-10", uninstallOnDisconnect }: ShopifyApp): Store {
  return {
    name: "Shopify",

    clientId,
    // shopify.dev/docs/apps/build/authentication-authorization/access-tokens/token-exchange, checked 2026-11-26
    clientAuthentication: clientSecretPost(clientSecret),
    bodyFormat: "json",
    // Not on Shopify's pages, but a challenge is taken, and a token request without its verifier refused
    // (github.com/cjies/next-auth-shopify-provider-demo/pull/1).
    pkce: "S256",

    tokenEndpoint: `${origin}/admin/oauth/access_token`,
    apiBaseUrl: `${origin}/admin/api/${apiVersion}`,
    apiOrigins: [origin],
    // shopify.dev/docs/api/admin-graphql, checked 2026-11-26
    tokenHeader: "X-Shopify-Access-Token",

    scopeSeparator: ",",
    tokenSets: {},
    // The name before `.myshopify.com`, without which a store has no Admin API.
    params: { shop: /^[a-z0-9][a-z0-9-]*$/ },
    // shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens, checked 2026-11-26:
    // public apps need expiring tokens; without this the token has neither an end nor a refresh token.
    tokenParams: { expiring: "1" },

    // shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens, checked 2026-11-26: the last
    // refresh token stays good until its successor is used, for 30 days at most.
    rotation: { kind: "untilUsed" },
    accessTokenLifetime: 3600,
    refreshTokenLifetime: 7_776_000,
    // An app has one expiring token in a store: the next one ends it, and uninstalling ends all.
    revocationScope: "grant",

    readError,
    identify: {
      request: () => ({
        ...{ url: "graphql.json", method: "POST", authentication: "bearer" },
        json: { query: "{ shop { id name } }" },
      }),
      read: readAccount,
    },
    // shopify.dev/docs/apps/build/authentication-authorization/app-installation/uninstall-app-api-request,
    // checked 2026-11-26. Unconfirmed: that a token of an app that is gone gets 401.
    ...(uninstallOnDisconnect === true && {
      revoke: {
        needsLiveAccessToken: true,
        requests: () => [{ url: "../../api_permissions/current.json", method: "DELETE", authentication: "bearer" }],
        revoked: ({ status }: ProviderResponse) => status === 200 || status === 401,
      },
    }),

    checkedOn: "2026-11-26",
    emulation: () => import("./emulation.ts").then((module) => module.shopifyEmulation),
  };
}

// What has ended is an `invalid_request` too, a refresh token under 401: unconfirmed by a page, but clients of Shopify know
// both by these words. `invalid_subject_token` is what Shopify's own client is tested with.
const ended = /requires an active refresh_token|authorization code was not found/;

function readError({ body }: ProviderResponse): OAuthError | undefined {
  const { error, error_description: description } = objectOf(body);
  const words = typeof description === "string" ? description : "";
  const isEnded = error === "invalid_request" && ended.test(words);
  if (!isEnded && error !== "invalid_subject_token") return undefined;
  return { error: "invalid_grant", errorDescription: words };
}

// shopify.dev/docs/api/admin-graphql/latest/objects/Shop, checked 2026-11-26
function readAccount({ response }: IdentityInput): Account | undefined {
  const { id, name } = objectOf(objectOf(objectOf(response)["data"])["shop"]);
  if (typeof id !== "string" || id === "") return undefined;
  return { id, ...(typeof name === "string" && { name }) };
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
