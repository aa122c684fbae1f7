import { type Connector, defineConnector } from "@grantkeeper/core/connector";
import type { ShopifyScope } from "./scopes.ts";
import { type ShopifyApp, store } from "./store.ts";

export interface ShopifyOptions extends ShopifyApp {
  readonly scopes: readonly ShopifyScope[];
}

/**
 * Connects a store by a merchant's consent, for apps that are not embedded in Shopify's admin: each start names the `shop`.
 * Rests on https://shopify.dev/docs/apps/build/authentication-authorization/authenticate-standalone-apps.
 */
export function shopify({ scopes, ...app }: ShopifyOptions): Connector<"shop", never, never> {
  return defineConnector<"shop", never, never>({
    ...store(app),
    id: "shopify",
    authorizationEndpoint: "https://{shop}.myshopify.com/admin/oauth/authorize",
    scopes: [...scopes],
    scopeIncludes: scopeIncludes(scopes),
    docs: "https://shopify.dev/docs/apps/build/authentication-authorization/authenticate-standalone-apps",
  });
}

// shopify.dev/docs/api/usage/access-scopes: unconfirmed, but answers leave out what another scope includes.
function scopeIncludes(scopes: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const writing = /^((?:unauthenticated_|customer_)?)write_/;
  return Object.fromEntries(
    scopes.filter((scope) => writing.test(scope)).map((scope) => [scope, [scope.replace(writing, "$1read_")]]),
  );
}
