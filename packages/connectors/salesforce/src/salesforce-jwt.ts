import {
  type Account,
  type AssertionKey,
  type Connector,
  type CredentialInput,
  clientSecretPost,
  defineConnector,
  type IdentityInput,
  jwtBearer,
  noClientAuthentication,
} from "@grantkeeper/core/connector";
import { accountId, introspectionEndpoint, organization } from "./organization.ts";

/** The external client app whose certificate proves the assertions. */
export interface SalesforceJwtOptions {
  /** The consumer key. */
  readonly clientId: string;
  /**
   * The key of the app's certificate, for RS256; a function is asked at each request. Left out: it is the owner's own, among
   * the credentials.
   */
  readonly key?: AssertionKey | (() => AssertionKey | Promise<AssertionKey>) | undefined;
  /** The consumer secret. With it Salesforce is asked when a token ends; left out: the API's refusal tells. */
  readonly clientSecret?: string | undefined;
}

type Key = NonNullable<SalesforceJwtOptions["key"]>;

/**
 * Connects a user of a Salesforce organization by their name, without their consent: an administrator has approved the app
 * for them. Rests on https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm.
 */
export function salesforceJwt(
  options: SalesforceJwtOptions & { readonly key: Key },
): Connector<"domain", never, "username">;
export function salesforceJwt(
  options: SalesforceJwtOptions & { readonly key?: undefined },
): Connector<"domain", never, "username" | "privateKey">;
export function salesforceJwt({ clientId, clientSecret, key }: SalesforceJwtOptions): Connector<"domain", never> {
  return defineConnector<"domain", never, string>({
    ...organization,
    id: "salesforce-jwt",

    clientId,
    ...(clientSecret === undefined
      ? { clientAuthentication: noClientAuthentication }
      : { clientAuthentication: clientSecretPost(clientSecret), introspectionEndpoint }),

    // What the app is allowed to do is set where it is registered.
    scopes: [],
    credentials: jwtBearer<string>({ username, ...(key === undefined && { privateKey }) }, (input) => ({
      key: key ?? { privateKey: input.credentials["privateKey"] ?? "", algorithm: "RS256" },
      claims: { iss: clientId, sub: input.credentials["username"] ?? "", aud: audienceOf(input) },
      // help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm, checked 2026-11-26
      lifetime: 180,
    })),
    // There is no refresh token: a new assertion gets the next access token.
    rotation: { kind: "none" },

    identify: { read: readAccount },

    docs: "https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm",
  });
}

const username = /^[^\s@]{1,64}@[^\s@]{1,255}$/;
const privateKey = /^-----BEGIN (RSA )?PRIVATE KEY-----[\w+/=\s-]+$/;

// The same page: the login server, not the organization's own host. Of scratch organizations: unconfirmed.
function audienceOf({ params }: CredentialInput): string {
  const server = /\.(sandbox|scratch)$/.test(params["domain"] ?? "") ? "test" : "login";
  return `https://${server}.salesforce.com`;
}

function readAccount({ tokenResponse, credentials }: IdentityInput): Account | undefined {
  const id = accountId(tokenResponse["id"]);
  return id === undefined ? undefined : { id, ...(credentials["username"] && { name: credentials["username"] }) };
}
