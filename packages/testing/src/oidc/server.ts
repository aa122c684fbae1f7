import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Connector, Rotation } from "@grantkeeper/core/connector";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { type Configuration, errors, Provider } from "oidc-provider";
import { memoryAdapter } from "./adapter.ts";
import { oidcConnector } from "./connector.ts";
import { decideDevice, deviceFlow } from "./device-pages.ts";
import { answerInteraction, interactionUrl, type Resources } from "./interactions.ts";
import { type OidcLog, recordTokenRequests } from "./log.ts";
import { type SignInChoice, signIn } from "./sign-in.ts";

export interface OidcProviderOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  /** What the client proves itself by. Left out: its secret, by HTTP Basic. */
  readonly clientAuthentication?: OidcClientAuthentication;
  /** Left out: strict. */
  readonly rotation?: Extract<Rotation, { readonly kind: "none" | "strict" }>;
  /** What ID tokens are signed by. Left out: RS256. */
  readonly idTokenAlgorithm?: "RS256" | "PS256" | "ES256";
  /** Seconds. Left out: 3600. */
  readonly accessTokenLifetime?: number;
  /** The scopes of each resource server, by its resource indicator (RFC 8707). Left out: one, with two scopes. */
  readonly resources?: Resources;
  /** True: only pushed authorization requests are taken, and the connector pushes them (RFC 9126). Left out: both kinds are. */
  readonly requirePar?: boolean;
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

/** Client authentication as the provider knows it: of `private_key_jwt` the public keys. */
export type OidcClientAuthentication =
  | { readonly method: "client_secret_basic" | "client_secret_post" | "client_secret_jwt" }
  | { readonly method: "private_key_jwt"; readonly keys: readonly JWK[] };

/** An OpenID provider of another make than the emulator, on the loopback interface. */
export interface OidcProvider {
  readonly connector: Connector<never, never>;
  /** `http://127.0.0.1:PORT`, the issuer too. */
  readonly origin: string;
  readonly log: OidcLog;
  /** Consents by plain HTTP as the user `login`, and returns the callback URL that the browser would go to. */
  readonly signIn: (authorizationUrl: string | URL, choice: SignInChoice) => Promise<URL>;
  /** Lets the device in that shows this code, or refuses it, as the user `login`. Throws where none waits with it. */
  readonly decideDevice: (userCode: string, choice: SignInChoice) => Promise<void>;
  /** Whether refreshing with this token would succeed now. Changes nothing. */
  readonly isAlive: (refreshToken: string) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/**
 * Serves oidc-provider with one client, PKCE, revocation and strict rotation: a refresh token that is used again ends
 * its grant. It also lets devices in (RFC 8628), and takes client credentials, introspection, pushed requests and resource
 * indicators; it does not slow a device down. For tests: throws under NODE_ENV=production. It keeps everything in memory and evicts nothing.
 */
export async function startOidcProvider(options: OidcProviderOptions): Promise<OidcProvider> {
  if (process.env["NODE_ENV"] === "production")
    throw new Error("This provider does not start under NODE_ENV=production.");
  const { rotation = { kind: "strict" }, resources = exampleResources } = options;
  const server = createServer();
  await listen(server, options.port ?? 0);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(origin, await configuration(options, rotation, resources));
  const log = recordTokenRequests(provider);
  const answer = provider.callback();
  server.on("request", (request, response) => {
    answerInteraction(provider, resources, request, response)
      .then((answered) => (answered ? undefined : answer(request, response)))
      .catch(() => response.writeHead(400).end());
  });

  return {
    connector: oidcConnector({
      issuer: origin,
      clientId: options.clientId,
      clientSecret: options.clientSecret,
      rotation,
      pushes: options.requirePar === true,
    }),
    origin,
    log,
    signIn,
    decideDevice: (userCode, choice) => decideDevice(origin, userCode, choice),
    isAlive: async (refreshToken) => {
      const found = await provider.RefreshToken.find(refreshToken);
      if (found?.isValid !== true || found.grantId === undefined) return false;
      return (await provider.Grant.find(found.grantId)) !== undefined;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const exampleResources: Resources = { "https://api.example.com": ["api:read", "api:write"] };

async function configuration(
  options: OidcProviderOptions,
  rotation: Rotation,
  resources: Resources,
): Promise<Configuration> {
  const algorithm = options.idTokenAlgorithm ?? "RS256";
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const authentication = options.clientAuthentication ?? { method: "client_secret_basic" };
  const day = 24 * 3600;
  return {
    adapter: memoryAdapter(),
    clients: [
      {
        client_id: options.clientId,
        client_secret: options.clientSecret,
        redirect_uris: [...options.redirectUris],
        grant_types: [
          "authorization_code",
          "refresh_token",
          "client_credentials",
          "urn:ietf:params:oauth:grant-type:device_code",
        ],
        token_endpoint_auth_method: authentication.method,
        id_token_signed_response_alg: algorithm,
        ...("keys" in authentication ? { jwks: { keys: [...authentication.keys] } } : {}),
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "oidc", alg: algorithm, use: "sig" }] },
    cookies: { keys: ["oidc-provider-in-tests"] },
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"] },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: sub, email: `${sub}@example.com`, email_verified: true }),
    }),
    pkce: { required: () => true },
    rotateRefreshToken: rotation.kind === "strict",
    interactions: { url: interactionUrl },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: () => true },
      introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      clientCredentials: { enabled: true },
      deviceFlow,
      pushedAuthorizationRequests: {
        enabled: true,
        requirePushedAuthorizationRequests: options.requirePar === true,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => {
          const scopes = Object.hasOwn(resources, resource) ? resources[resource] : undefined;
          if (scopes === undefined) throw new errors.InvalidTarget();
          return { scope: scopes.join(" "), audience: resource, accessTokenFormat: "opaque" };
        },
      },
    },
    clientBasedCORS: () => false,
    ttl: {
      AccessToken: options.accessTokenLifetime ?? 3600,
      AuthorizationCode: 600,
      ClientCredentials: options.accessTokenLifetime ?? 3600,
      DeviceCode: 600,
      IdToken: 3600,
      RefreshToken: 30 * day,
      Interaction: 3600,
      Session: day,
      Grant: 30 * day,
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}
