import {
  type AccountInfo,
  ConfidentialClientApplication,
  DistributedCachePlugin,
  type ICachePlugin,
  type INetworkModule,
  type NetworkRequestOptions,
  type NetworkResponse,
} from "@azure/msal-node";
import { client } from "./inputs.ts";

const tenant = "11111111-1111-1111-1111-111111111111";
const authority = `https://login.microsoftonline.com/${tenant}`;
const scopes = ["User.Read"];

/** What the authorization server answers to the form of a token request. */
export type AnswerTokenRequest = (form: URLSearchParams) => Promise<{ readonly status: number; readonly body: object }>;

/**
 * A confidential client whose authority is told to it, so that it asks for no metadata: `authorityMetadata` and
 * `cloudDiscoveryMetadata` of https://learn.microsoft.com/entra/msal/javascript/node/configuration
 */
export function openMsal(answer: AnswerTokenRequest, cachePlugin?: ICachePlugin): ConfidentialClientApplication {
  const authorityMetadata = JSON.stringify({
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    issuer: `${authority}/v2.0`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
  });
  const cloudDiscoveryMetadata = JSON.stringify({
    tenant_discovery_endpoint: `${authority}/v2.0/.well-known/openid-configuration`,
    metadata: [
      {
        preferred_network: "login.microsoftonline.com",
        preferred_cache: "login.windows.net",
        aliases: ["login.microsoftonline.com", "login.windows.net"],
      },
    ],
  });
  return new ConfidentialClientApplication({
    auth: { clientId: client.id, clientSecret: client.secret, authority, authorityMetadata, cloudDiscoveryMetadata },
    system: { networkClient: networkClient(answer) },
    ...(cachePlugin === undefined ? {} : { cache: { cachePlugin } }),
  });
}

/** https://learn.microsoft.com/entra/msal/javascript/node/caching: a partition for each user, in the application's store. */
export function distributedCache(
  read: (key: string) => Promise<string>,
  write: (key: string, value: string) => Promise<void>,
): ICachePlugin {
  const cacheClient = {
    get: read,
    async set(key: string, value: string): Promise<string> {
      await write(key, value);
      return value;
    },
  };
  return new DistributedCachePlugin(cacheClient, { getKey: async () => "ada", extractKey: async () => "ada" });
}

/** The one user's sign-in, whose tokens go into the cache. */
export async function signIn(application: ConfidentialClientApplication): Promise<AccountInfo> {
  const redirectUri = "https://app.example.com/callback";
  const { account } = await application.acquireTokenByCode({ code: "code", scopes, redirectUri });
  if (account === null) throw new Error("msal-node has no account.");
  return account;
}

export async function msalToken(application: ConfidentialClientApplication, account: AccountInfo): Promise<string> {
  return (await application.acquireTokenSilent({ account, scopes })).accessToken;
}

/** The answer of Entra ID to a token request. */
export function msalAnswer(accessToken: string, refreshToken: string, expiresInSeconds: number): object {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    aud: client.id,
    iss: `${authority}/v2.0`,
    iat: now,
    exp: now + 3600,
    sub: "ada",
    oid: "ada",
    tid: tenant,
  };
  return {
    token_type: "Bearer",
    scope: scopes.join(" "),
    expires_in: expiresInSeconds,
    ext_expires_in: expiresInSeconds,
    access_token: accessToken,
    refresh_token: refreshToken,
    id_token: `${encode({ alg: "none", typ: "JWT" })}.${encode({ ...claims, preferred_username: "ada@example.com" })}.`,
    client_info: encode({ uid: "ada", utid: tenant }),
  };
}

function networkClient(answer: AnswerTokenRequest): INetworkModule {
  return {
    async sendGetRequestAsync(url) {
      throw new Error(`msal-node asks for ${url}.`);
    },
    async sendPostRequestAsync<Body>(_url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<Body>> {
      const { status, body } = await answer(new URLSearchParams(options?.body ?? ""));
      return { status, headers: {}, body: body as Body };
    },
  };
}
