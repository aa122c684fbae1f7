import type { ProviderContext } from "../context.ts";
import { granted, type TokenGrant } from "./grant.ts";

/** RFC 6749, section 6. */
export function refreshTokenGrant({ connector, engine }: ProviderContext): TokenGrant {
  return {
    type: "refresh_token",
    request: "refresh_token",
    expected: connector.refreshParams,
    clientAuthentication: "required",
    identifies: true,
    judge: ({ parameters }) => {
      const scope = parameters.get("scope");
      return granted(
        engine.refresh({
          refreshToken: parameters.get("refresh_token") ?? "",
          scopes: scope === undefined ? undefined : scope.split(connector.scopeSeparator).filter(Boolean),
        }),
      );
    },
  };
}
