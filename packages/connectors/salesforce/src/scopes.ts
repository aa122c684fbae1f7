/**
 * A scope of Salesforce; any other text is accepted too, since products add their own.
 * developer.salesforce.com/docs/platform/mobile-sdk/guide/oauth-scope-parameter-values.html, checked 2026-11-26.
 */
export type SalesforceScope =
  | "api"
  | "cdp_ingest_api"
  | "cdp_profile_api"
  | "cdp_query_api"
  | "chatter_api"
  | "custom_permissions"
  | "eclair_api"
  | "full"
  | "id"
  | "openid"
  | "pardot_api"
  | "refresh_token"
  | "visualforce"
  | "wave_api"
  | "web"
  | (string & {});
