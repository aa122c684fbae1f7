import type { Connector } from "@grantkeeper/core/connector";
import { clientSecretBasic, defineConnector } from "@grantkeeper/core/connector";
import { startProvider } from "@grantkeeper/testing";
import { startOidcProvider } from "@grantkeeper/testing/oidc";
import type { RotationKind } from "../history/history.ts";
import { callbackUrl } from "./sign-in.ts";

/** Tokens of a grant that was there before the storm. */
export interface SeededTokens {
  readonly account: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** The provider, which alone says what a refresh token is worth. */
export interface Judge {
  /** It is sent to the workers as JSON, and so without its secret. */
  readonly connector: Connector<never, never>;
  readonly origin: string;
  /** Adds grants whose access tokens have run out; `undefined` where only a sign-in gives any. */
  readonly seed: ((count: number) => readonly SeededTokens[]) | undefined;
  /** Whether refreshing with it would succeed now. */
  isAlive(refreshToken: string): Promise<boolean>;
  /** Ends a grant as its user does at the provider. */
  end(refreshToken: string): Promise<void>;
  /** How many spent refresh tokens were presented so far, and how many token requests were judged. */
  readonly reuseDetected: number;
  readonly judged: number;
  close(): Promise<void>;
}

/** Known to every process of a storm: what goes to a worker as JSON holds no secret. */
export const clientSecret = "storm-secret";

const rotations = {
  strict: { kind: "strict" },
  // Longer than a storm: an answer that was lost is repaired when somebody asks, and here nobody may ask for a minute.
  grace: { kind: "grace", windowSeconds: 600 },
  untilUsed: { kind: "untilUsed" },
  none: { kind: "none" },
} as const;

/** The emulator of @grantkeeper/testing. `accessTokenLife` in seconds. */
export async function startEmulator(rotation: RotationKind, accessTokenLife: number): Promise<Judge> {
  const plain = defineConnector<never, never>({
    id: "storm",
    name: "Storm",
    clientId: "storm",
    clientAuthentication: clientSecretBasic(clientSecret),
    pkce: "S256",
    authorizationEndpoint: "https://storm.example/authorize",
    tokenEndpoint: "https://storm.example/token",
    revocationEndpoint: "https://storm.example/revoke",
    userinfoEndpoint: "https://storm.example/me",
    apiBaseUrl: "https://storm.example/",
    apiOrigins: ["https://storm.example"],
    scopes: ["read"],
    scopeSeparator: " ",
    tokenSets: {},
    params: {},
    rotation: rotations[rotation],
    revocationScope: "token",
    docs: "https://storm.example/docs",
    checkedOn: "2026-11-25",
  });
  const provider = await startProvider(plain, { accessTokenLifetime: accessTokenLife });
  return {
    connector: provider.connector,
    origin: provider.origin,
    seed: (count) =>
      provider.seed({ count, accessTokenExpired: true }).map(({ account, tokenSets }) => ({
        account: account.id,
        accessToken: tokenSets["default"]?.accessToken ?? "",
        refreshToken: tokenSets["default"]?.refreshToken ?? "",
      })),
    isAlive: async (refreshToken) => provider.isAlive(refreshToken),
    end: async (refreshToken) => void provider.revokeGrant(refreshToken),
    get reuseDetected() {
      return provider.log.reuseDetected;
    },
    get judged() {
      return provider.log.tokenRequests.length;
    },
    close: provider.close,
  };
}

/** oidc-provider, which is of another make: strict, and its users sign in. `accessTokenLife` in seconds. */
export async function startOidc(accessTokenLife: number): Promise<Judge> {
  const client = { clientId: "storm", clientSecret };
  const provider = await startOidcProvider({
    ...client,
    redirectUris: [`${callbackUrl}/main/callback`],
    accessTokenLifetime: accessTokenLife,
  });
  return {
    connector: provider.connector,
    origin: provider.origin,
    seed: undefined,
    isAlive: provider.isAlive,
    async end(refreshToken) {
      const authorization = `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString("base64")}`;
      const body = new URLSearchParams({ token: refreshToken, token_type_hint: "refresh_token" });
      const revocation = provider.connector.revocationEndpoint ?? "";
      const response = await fetch(revocation, { method: "POST", headers: { authorization }, body });
      if (!response.ok) throw new Error(`The provider's revocation endpoint answered ${response.status}.`);
    },
    get reuseDetected() {
      return provider.log.reuseDetected;
    },
    get judged() {
      return provider.log.tokenRequests.length;
    },
    close: provider.close,
  };
}
