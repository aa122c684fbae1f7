import {
  type Account,
  type Connector,
  clientSecretPost,
  defineConnector,
  type IdentityInput,
  type Rotation,
} from "@grantkeeper/core/connector";
import { accountId, authorizationEndpoint, introspectionEndpoint, objectOf, organization } from "./organization.ts";
import type { SalesforceScope } from "./scopes.ts";

/** The external client app that asks, and what it asks for (Setup, External Client App Manager). */
export interface SalesforceOptions {
  /** The consumer key. */
  readonly clientId: string;
  /** The consumer secret. */
  readonly clientSecret: string;
  /** `id`, which names the account, and `refresh_token` are always added. */
  readonly scopes: readonly SalesforceScope[];
  /** Left out: `strict`, for an app with refresh token rotation. Without it there: `none`. */
  readonly rotation?: Rotation | undefined;
}

/**
 * Connects a user of a Salesforce organization, whose My Domain each start names as `domain`.
 * Rests on https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm.
 */
export function salesforce(options: SalesforceOptions): Connector<"domain", never, never> {
  return defineConnector<"domain", never, never>({
    ...organization,
    id: "salesforce",

    clientId: options.clientId,
    clientAuthentication: clientSecretPost(options.clientSecret),
    authorizationEndpoint,
    // No token answer says when the token ends: that is the session timeout of the organization's policies.
    // help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oidc_token_introspection_endpoint.htm, checked 2026-11-26
    introspectionEndpoint,

    scopes: [...new Set(["id", "refresh_token", ...options.scopes])],
    // help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_tokens_scopes.htm, checked 2026-11-26: synonyms. What
    // else one scope includes is listed with it: unconfirmed, but seen in answers.
    scopeIncludes: { refresh_token: ["offline_access"] },

    // help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_refresh_token_flow.htm, checked 2026-11-26: with
    // rotation, one that is used again ends its successor too.
    rotation: options.rotation ?? { kind: "strict" },

    identify: { request: () => ({ url: "oauth2/userinfo", authentication: "bearer" }), read: readAccount },

    docs: "https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm",
  });
}

// help.salesforce.com/s/articleView?id=xcloud.remoteaccess_using_userinfo_endpoint.htm, checked 2026-11-26. Its pictures are
// for those who are signed in: unconfirmed.
function readAccount({ response }: IdentityInput): Account | undefined {
  const { sub, name, email } = objectOf(response);
  const id = accountId(sub);
  if (id === undefined) return undefined;
  return {
    id,
    ...(typeof name === "string" && { name }),
    ...(typeof email === "string" && { email }),
  };
}
