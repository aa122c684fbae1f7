import type { BasicEncoding } from "./client-authentication.ts";
import type { Json, JsonObject } from "./json.ts";

/** An answer of the provider, read whole under a size limit. `body` is parsed JSON, or `undefined` where it was none. */
export interface ProviderResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json | undefined;
}

/**
 * A request that the core sends for a connector. `url` is absolute, or relative to `apiBaseUrl` as if that ended in a
 * slash; its origin must be one of `apiOrigins` or of the connector's endpoints.
 */
export interface ProviderRequest {
  readonly url: string;
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /**
   * `bearer` sends the access token, `client` the connector's own client authentication, and `basic` the client's id and
   * secret by HTTP Basic, whatever the connector's own is.
   */
  readonly authentication: "bearer" | "client" | { readonly basic: BasicEncoding };
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `application/x-www-form-urlencoded`. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as `application/json`. */
  readonly json?: JsonObject;
}
