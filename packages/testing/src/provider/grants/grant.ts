import type { EmulatedTokenAnswer, JsonObject } from "@grantkeeper/core/connector";
import type { Refusal } from "../../engine/engine.ts";
import type { IssuedGrant } from "../../engine/issue.ts";

/** A token request that has passed the checks which all grants share. */
export interface GrantRequest {
  readonly parameters: ReadonlyMap<string, string>;
  /** Values of the `{name}` places of the endpoint that was called. */
  readonly params: Readonly<Record<string, string>>;
  /** When it came: Unix milliseconds of the injected clock. */
  readonly at: number;
}

export interface Granted {
  readonly issued: IssuedGrant;
  /** Fields that the answer has beside those of RFC 6749, section 5.1, or instead of them. */
  readonly fields?: JsonObject;
}

/** One grant that a token endpoint takes. */
export interface TokenGrant {
  /** The value of `grant_type`. */
  readonly type: string;
  readonly request: EmulatedTokenAnswer["request"];
  /** Parameters that the connector adds to such a request. */
  readonly expected: Readonly<Record<string, string>> | undefined;
  /** `confidential`: a client that has no secret is refused. `optional`: what the request itself holds may be proof enough. */
  readonly clientAuthentication: "required" | "confidential" | "optional";
  /** Whether a user stands behind it, so that `openid` gives an ID token. */
  readonly identifies: boolean;
  readonly judge: (request: GrantRequest) => Granted | Refusal | Promise<Granted | Refusal>;
}

export function refuse(error: string, errorDescription: string): Refusal {
  return { error, errorDescription };
}

/** What the engine said, as a grant says it. */
export function granted(result: IssuedGrant | Refusal): Granted | Refusal {
  return "error" in result ? result : { issued: result };
}
