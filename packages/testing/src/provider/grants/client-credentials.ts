import type { ProviderContext } from "../context.ts";
import { grantedScopes, requestedScopes } from "../scopes.ts";
import { refuse, type TokenGrant } from "./grant.ts";
import type { ClientCredentialsOptions } from "./options.ts";

/** RFC 6749, section 4.4: for the client itself, so there is no refresh token (section 4.4.3). */
export function clientCredentialsGrant(context: ProviderContext, options: ClientCredentialsOptions): TokenGrant {
  const { connector, accounts, engine } = context;
  return {
    type: "client_credentials",
    request: "client_credentials",
    expected: undefined,
    clientAuthentication: "confidential",
    identifies: false,
    judge: ({ parameters, params }) => {
      const asked = parameters.has("scope") ? requestedScopes(context, parameters) : { default: connector.scopes };
      const known = options.scopes;
      if (known && Object.values(asked).some((scopes) => scopes.some((scope) => !known.includes(scope)))) {
        return refuse("invalid_scope", "The client may not have a scope that it asks for.");
      }
      const accountId = options.accountId ?? accounts.listed[0]?.id ?? "";
      const scopes = grantedScopes(context, asked);
      return { issued: engine.issue({ accountId, scopes, params, refreshTokens: false }) };
    },
  };
}
