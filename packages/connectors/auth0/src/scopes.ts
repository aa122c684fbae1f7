/**
 * A scope of an Auth0 tenant; any other text is accepted too, since each API there defines its own.
 * auth0.com/docs/get-started/apis/scopes/openid-connect-scopes: unconfirmed one by one.
 */
export type Auth0Scope = "openid" | "profile" | "email" | "address" | "phone" | "offline_access" | (string & {});
