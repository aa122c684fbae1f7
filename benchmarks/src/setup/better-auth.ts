import { type Auth, type BetterAuthOptions, betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { symmetricDecrypt, symmetricEncrypt } from "better-auth/crypto";
import { genericOAuth } from "better-auth/plugins";
import { client, scopes } from "./inputs.ts";

const secret = "a-secret-of-better-auth-that-is-long-enough-0123456789";
const userId = "u1";
export const accountId = "a1";

/** A row of one of its tables. */
type Row = Record<string, unknown>;

export interface StoredTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAt: Date;
}

/** The tables of https://www.better-auth.com/docs/concepts/database with one user, and one account of that one. */
export interface Tables {
  readonly user: Row[];
  readonly session: Row[];
  readonly verification: Row[];
  readonly account: Row[];
}

export function tablesWith(account?: Readonly<Row>): Tables {
  return { user: [userRow()], session: [], verification: [], account: account === undefined ? [] : [{ ...account }] };
}

export function userRow(): Row & { readonly id: string } {
  const [createdAt, updatedAt] = [new Date(), new Date()];
  return { id: userId, name: "Ada", email: "ada@example.com", emailVerified: true, createdAt, updatedAt };
}

/** A token of a row, as it is. */
export function decrypted(data: string): Promise<string> {
  return symmetricDecrypt({ key: secret, data });
}

/** Tokens as `encryptOAuthTokens` writes them. */
export async function accountRow({ accessToken, refreshToken, expiresAt }: StoredTokens): Promise<Row> {
  const encrypted = (data: string): Promise<string> => symmetricEncrypt({ key: secret, data });
  return {
    id: accountId,
    userId,
    providerId: "acme",
    accountId: "s1",
    issuer: "local:oauth:acme",
    accessToken: await encrypted(accessToken),
    refreshToken: await encrypted(refreshToken),
    accessTokenExpiresAt: expiresAt,
    scope: scopes.join(" "),
    createdAt: new Date(),
    updatedAt: new Date(),
  };
}

/**
 * https://www.better-auth.com/docs/plugins/generic-oauth, with encrypted tokens
 * (https://www.better-auth.com/docs/reference/options#account), and without what would be measured beside it: telemetry, log.
 */
export function openBetterAuth(
  database: NonNullable<BetterAuthOptions["database"]>,
  origin = "https://acme.example",
): Auth {
  const options: BetterAuthOptions = {
    secret,
    baseURL: "http://localhost:3000",
    database,
    account: { encryptOAuthTokens: true },
    logger: { disabled: true },
    telemetry: { enabled: false },
    plugins: [
      genericOAuth({
        config: [
          {
            providerId: "acme",
            clientId: client.id,
            clientSecret: client.secret,
            authorizationUrl: `${origin}/authorize`,
            tokenUrl: `${origin}/token`,
          },
        ],
      }),
    ],
  };
  return betterAuth(options);
}

/** On the server, without a session: https://www.better-auth.com/docs/concepts/oauth#get-access-token */
export async function betterAuthToken(auth: Auth): Promise<string> {
  const { accessToken } = await auth.api.getAccessToken({ body: { accountId, userId } });
  return accessToken;
}

export function inMemory(tables: Tables): ReturnType<typeof memoryAdapter> {
  return memoryAdapter({ ...tables });
}
