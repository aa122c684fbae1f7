import { type Connector, defineConnector, tokenExchange } from "@grantkeeper/core/connector";
import { type ShopifyApp, store } from "./store.ts";

export interface ShopifySessionOptions extends ShopifyApp {}

/**
 * Connects a store by a session token of App Bridge, for apps that are embedded in Shopify's admin: it is exchanged once for
 * tokens that work without a merchant. The scopes are those of the app's installation.
 * Rests on https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/token-exchange.
 */
export function shopifySession(options: ShopifySessionOptions): Connector<"shop", never, "subjectToken"> {
  return defineConnector<"shop", never, "subjectToken">({
    ...store(options),
    id: "shopify-session",
    scopes: [],
    // The page above, checked 2026-11-26
    credentials: tokenExchange({
      subjectTokenType: "urn:ietf:params:oauth:token-type:id_token",
      form: { requested_token_type: "urn:shopify:params:oauth:token-type:offline-access-token" },
    }),
    docs: "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/token-exchange",
  });
}
