export type { ShopifyScope } from "./scopes.ts";
export { type ShopifyOptions, shopify } from "./shopify.ts";
export { type ShopifySessionOptions, shopifySession } from "./shopify-session.ts";
