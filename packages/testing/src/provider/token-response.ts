import type { EmulatedResponse, IssuedTokenSet, JsonObject } from "@grantkeeper/core/connector";
import { emulatedResponse, issuerFor, type ProviderContext } from "./context.ts";
import type { Granted, TokenGrant } from "./grants/grant.ts";

/** Answers with what a grant has issued, as the connector's emulation says. */
export async function tokenResponse(
  context: ProviderContext,
  { request, identifies }: TokenGrant,
  { issued, fields }: Granted,
): Promise<Response> {
  const account = context.accounts.find(issued.grant.accountId);
  if (account === undefined) throw new Error(`The account ${issued.grant.accountId} is no longer emulated.`);
  const issuer = issuerFor(context, issued.grant.params);
  const tokenSets: Record<string, IssuedTokenSet> = {};
  for (const [name, { accessToken, expiresInSeconds, refreshToken, scopes }] of Object.entries(issued.tokenSets)) {
    const signs = identifies && context.signer !== undefined && issuer !== undefined && scopes.includes("openid");
    const idToken = signs
      ? await context.signer.sign({
          issuer,
          clientId: context.connector.clientId,
          account,
          scopes,
          nonce: issued.nonce,
          now: context.now(),
        })
      : undefined;
    tokenSets[name] = { accessToken, expiresInSeconds, refreshToken, scopes, idToken };
  }
  const shaped = context.emulation?.tokenResponse?.({ request, tokenSets, account }) ?? {
    status: 200,
    json: plainTokenResponse(context, tokenSets, request === "refresh_token"),
  };
  const answer = fields === undefined ? shaped : withFields(shaped, fields);
  rememberTokenType(context, answer);
  return emulatedResponse(context, answer);
}

function withFields(answer: EmulatedResponse, fields: JsonObject): EmulatedResponse {
  const { json } = answer;
  return isObject(json) ? { ...answer, json: { ...json, ...fields } } : answer;
}

/** An access token is taken under the scheme that its answer named (RFC 6749, section 7.1). */
function rememberTokenType({ tokenTypes }: ProviderContext, { json }: EmulatedResponse): void {
  const type = isObject(json) ? json["token_type"] : undefined;
  if (typeof type === "string" && type !== "N_A") tokenTypes.add(type.toLowerCase());
}

function isObject(json: EmulatedResponse["json"]): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** RFC 6749, section 5.1. Under `none` a refresh repeats no refresh token. */
function plainTokenResponse(
  { connector, options }: ProviderContext,
  tokenSets: Readonly<Record<string, IssuedTokenSet>>,
  refreshed: boolean,
): JsonObject {
  const set = tokenSets["default"] ?? Object.values(tokenSets)[0];
  if (set === undefined) throw new Error("No token set was issued.");
  const rotation = options.rotation ?? connector.rotation;
  const unchanged = refreshed && rotation.kind === "none";
  return {
    access_token: set.accessToken,
    token_type: "Bearer",
    ...(set.expiresInSeconds === undefined ? {} : { expires_in: set.expiresInSeconds }),
    ...(set.refreshToken === undefined || unchanged ? {} : { refresh_token: set.refreshToken }),
    scope: set.scopes.join(connector.scopeSeparator),
    ...(set.idToken === undefined ? {} : { id_token: set.idToken }),
  };
}
