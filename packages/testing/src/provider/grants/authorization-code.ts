import type { ProviderContext } from "../context.ts";
import { granted, type TokenGrant } from "./grant.ts";

/** RFC 6749, section 4.1.3. */
export function authorizationCodeGrant({ connector, engine }: ProviderContext): TokenGrant {
  return {
    type: "authorization_code",
    request: "authorization_code",
    expected: connector.tokenParams,
    clientAuthentication: "required",
    identifies: true,
    judge: ({ parameters }) =>
      granted(
        engine.exchange({
          code: parameters.get("code") ?? "",
          redirectUri: parameters.get("redirect_uri"),
          codeVerifier: parameters.get("code_verifier"),
        }),
      ),
  };
}
