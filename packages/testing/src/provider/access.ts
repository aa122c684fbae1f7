import type { EmulatedApiRequest } from "@grantkeeper/core/connector";
import { lineageOf, type ProviderContext } from "./context.ts";
import type { ApiRequestEntry } from "./log.ts";
import { readCredential } from "./static-credentials.ts";

/** Whose credential an API request carries. */
export interface Access {
  readonly token: EmulatedApiRequest["token"];
  readonly reason: ApiRequestEntry["reason"];
  readonly lineage: ApiRequestEntry["lineage"];
  readonly credential: ApiRequestEntry["credential"];
}

/** Looks up the access token, API key or user name of an API request. */
export function lookUpAccess(context: ProviderContext, headers: Headers): Access {
  const { connector, options, engine, tokenTypes } = context;
  const { apiKeys, basicCredentials } = options;
  const presented = readCredential(headers, connector.tokenHeader);
  if (presented === undefined) return refused("missing");

  if (presented.kind === "basic") {
    const { username, password } = presented;
    const known = basicCredentials?.find((one) => one.username === username && one.password === password);
    if (known) return holder(context, known.accountId, known.scopes, "basic");
    return refused(basicCredentials === undefined ? "missing" : "unknown");
  }
  const { scheme, text } = presented;
  const key = apiKeys?.find((one) => one.key === text);
  if (key) return holder(context, key.accountId, key.scopes, "apiKey");
  if (scheme !== undefined && !tokenTypes.has(scheme)) return refused(apiKeys === undefined ? "missing" : "unknown");

  const lineage = lineageOf(context, text);
  const found = engine.useAccessToken(text);
  if (found.kind !== "live") return refused(found.kind, lineage);
  return holder(context, found.grant.accountId, found.scopes, "accessToken", found.tokenSet, lineage);
}

function refused(reason: Access["reason"], lineage?: Access["lineage"]): Access {
  return { token: undefined, reason, lineage, credential: undefined };
}

function holder(
  { connector, accounts }: ProviderContext,
  accountId: string,
  scopes: readonly string[] | undefined,
  credential: Access["credential"],
  tokenSet = "default",
  lineage?: Access["lineage"],
): Access {
  const account = accounts.find(accountId);
  if (account === undefined) return refused("unknown", lineage);
  const token = { account, tokenSet, scopes: scopes ?? connector.scopes };
  return { token, reason: undefined, lineage, credential };
}
