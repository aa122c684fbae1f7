import { noClientAuthentication } from "./client-authentication.ts";
import type { StaticCredentials } from "./credentials.ts";
import type { Connector, Identify } from "./types.ts";

/** Freezes a connector's specification, and keeps the names of its params, token sets and credentials in its type. */
export function defineConnector<
  Param extends string = never,
  TokenSet extends string = never,
  Credential extends string = never,
>(specification: Connector<Param, TokenSet, Credential>): Connector<Param, TokenSet, Credential> {
  return Object.freeze(specification);
}

type KeyField = "id" | "name" | "tokenHeader" | "apiBaseUrl" | "apiOrigins" | "apiHeaders" | "rejectsToken";

/** What there is to say of a connector whose accounts are connected by a key of their own, and in no other way. */
export type KeyConnector<Param extends string, Credential extends string> = Pick<
  Connector<Param, never, Credential>,
  KeyField | "docs" | "checkedOn" | "emulation"
> & {
  /** {@link apiKey} or {@link basicCredentials}, or another one of the kind `static`. */
  readonly credentials: StaticCredentials<Credential>;
  readonly params?: Connector<Param>["params"];
  /** Its request is what a key is checked by before it is kept. */
  readonly identify: Identify & Required<Pick<Identify, "request">>;
};

/**
 * Makes a connector of an API that knows keys only: no user consents, nothing is refreshed, and nothing can be revoked.
 * What OAuth asks for has neutral values; the client's id, which no request carries, is the connector's.
 */
export function defineKeyConnector<Param extends string = never, Credential extends string = string>({
  params,
  ...specification
}: KeyConnector<Param, Credential>): Connector<Param, never, Credential> {
  return defineConnector<Param, never, Credential>({
    ...specification,
    clientId: specification.id,
    clientAuthentication: noClientAuthentication,
    pkce: "S256",
    scopes: [],
    scopeSeparator: " ",
    tokenSets: {},
    // Without params there are no names to have patterns for: `Param` is `never`.
    params: params ?? ({} as Connector<Param>["params"]),
    rotation: { kind: "none" },
    revocationScope: "token",
  });
}
