/**
 * A scope of Shopify's Admin API; any other text is accepted too, since its list grows. `write_…` includes `read_…`.
 * Common ones of shopify.dev/docs/api/usage/access-scopes, one by one unconfirmed.
 */
export type ShopifyScope = `${"read" | "write"}_${ShopifyResource}` | (string & {});

type ShopifyResource =
  | "checkouts"
  | "content"
  | "customers"
  | "discounts"
  | "draft_orders"
  | "files"
  | "fulfillments"
  | "inventory"
  | "locations"
  | "markets"
  | "metaobjects"
  | "orders"
  | "price_rules"
  | "products"
  | "publications"
  | "reports"
  | "returns"
  | "script_tags"
  | "shipping"
  | "themes"
  | "translations";
