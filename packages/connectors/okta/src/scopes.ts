/**
 * A scope of an Okta organization; any other text is accepted too, since each authorization server defines its own.
 * developer.okta.com/docs/guides/refresh-tokens/main and its reference of scopes: unconfirmed one by one.
 */
export type OktaScope =
  | "openid"
  | "profile"
  | "email"
  | "address"
  | "phone"
  | "groups"
  | "offline_access"
  | `okta.${string}`
  | (string & {});
