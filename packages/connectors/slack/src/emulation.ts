import type {
  EmulatedAccount,
  EmulatedApiRequest,
  EmulatedResponse,
  EmulatedTokenAnswer,
  IssuedTokenSet,
  Json,
  JsonObject,
  ProviderEmulation,
} from "@grantkeeper/core/connector";

/** Slack on the wire: everything under HTTP 200, bot and person in one consent, each refreshed by itself. */
export const slackEmulation: ProviderEmulation = {
  accounts: [
    // An id is that which the connector reads where a person's token was granted.
    { id: "T0EXAMPLE1:U0EXAMPLE1", name: "Example Harbor", profile: { user: "alex-example" } },
    { id: "T0EXAMPLE2:U0EXAMPLE2", name: "Example Meadow", profile: { user: "robin-example" } },
  ],
  requestedScopes: (query) => ({
    ...requested("default", query.get("scope")),
    ...requested("user", query.get("user_scope")),
  }),
  tokenResponse: ({ request, tokenSets, account }) =>
    answer(request === "refresh_token" ? refreshed(tokenSets, account) : installed(tokenSets, account)),
  tokenError: ({ error, errorDescription }) => failed(slackError(error, errorDescription)),
  routes: [
    { method: "POST", url: "https://slack.com/api/auth.test", handle: withToken(authTest) },
    { method: "POST", url: "https://slack.com/api/auth.revoke", handle: withToken(authRevoke) },
    {
      method: "GET",
      url: "https://slack.com/api/conversations.list",
      handle: withToken(withScope("channels:read", conversationsList)),
    },
    {
      method: "POST",
      url: "https://slack.com/api/chat.postMessage",
      handle: withToken(withScope("chat:write", postMessage)),
    },
  ],
  accessTokenLifetimeSeconds: 43_200,
  exampleCall: { path: "auth.test", method: "POST" },
};

type Token = NonNullable<EmulatedApiRequest["token"]>;
type Method = (token: Token, request: EmulatedApiRequest) => EmulatedResponse;

function requested(tokenSet: string, scopes: string | null): Readonly<Record<string, readonly string[]>> {
  return scopes ? { [tokenSet]: scopes.split(",") } : {};
}

function installed(tokenSets: EmulatedTokenAnswer["tokenSets"], account: EmulatedAccount): JsonObject {
  const { default: bot, user } = tokenSets;
  return {
    ...(bot !== undefined && tokens(bot, "bot")),
    ...installation(account),
    authed_user: { id: personOf(account), ...(user !== undefined && tokens(user, "user")) },
  };
}

function refreshed(tokenSets: EmulatedTokenAnswer["tokenSets"], account: EmulatedAccount): JsonObject {
  const { default: bot, user } = tokenSets;
  return {
    ...(bot !== undefined && tokens(bot, "bot")),
    ...(user !== undefined && tokens(user, "user")),
    ...installation(account),
  };
}

function installation(account: EmulatedAccount): JsonObject {
  return {
    app_id: "A0EXAMPLE",
    team: { id: workspaceOf(account), name: account.name },
    enterprise: null,
    is_enterprise_install: false,
  };
}

function workspaceOf({ id }: EmulatedAccount): string {
  return id.split(":")[0] ?? id;
}

function personOf({ id }: EmulatedAccount): string {
  return id.split(":")[1] ?? `U${id}`;
}

function tokens(set: IssuedTokenSet, type: "bot" | "user"): JsonObject {
  return {
    access_token: set.accessToken,
    token_type: type,
    ...(type === "bot" && { bot_user_id: "U0EXAMPLEB" }),
    scope: set.scopes.join(","),
    ...(set.expiresInSeconds !== undefined && { expires_in: set.expiresInSeconds }),
    ...(set.refreshToken !== undefined && { refresh_token: set.refreshToken }),
  };
}

function slackError(error: string, description: string): string {
  switch (error) {
    case "invalid_grant":
      return /refresh/i.test(description) ? "invalid_refresh_token" : "invalid_code";
    case "invalid_client":
      return "bad_client_secret";
    case "invalid_request":
      return "invalid_arguments";
    case "unsupported_grant_type":
      return "invalid_grant_type";
    default:
      return error;
  }
}

function authTest({ account, tokenSet }: Token): EmulatedResponse {
  const who =
    tokenSet === "user"
      ? { user: account.profile?.["user"] ?? null, user_id: personOf(account) }
      : { user: "example-bot", user_id: "U0EXAMPLEB", bot_id: "B0EXAMPLE" };
  const url = `https://${account.name.toLowerCase().replaceAll(" ", "-")}.slack.com/`;
  return answer({ url, team: account.name, team_id: workspaceOf(account), ...who, is_enterprise_install: false });
}

function authRevoke(_token: Token, { headers, revoke }: EmulatedApiRequest): EmulatedResponse {
  const accessToken = (headers.get("authorization") ?? "").replace(/^Bearer /i, "");
  return answer({ revoked: revoke(accessToken, "token") });
}

function conversationsList(): EmulatedResponse {
  const channels = [{ id: "C0EXAMPLE", name: "general", is_channel: true, is_private: false }];
  return answer({ channels, response_metadata: { next_cursor: "" } });
}

function postMessage(_token: Token, { headers, body }: EmulatedApiRequest): EmulatedResponse {
  const text = textOf(headers.get("content-type") ?? "", body);
  if (text === undefined) return failed("no_text");
  return answer({ channel: "C0EXAMPLE", ts: "1503435956.000247", message: { type: "message", text } });
}

function textOf(contentType: string, body: string): string | undefined {
  if (!contentType.includes("json")) return new URLSearchParams(body).get("text") ?? undefined;
  try {
    const { text } = JSON.parse(body) as JsonObject;
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

function withToken(method: Method): (request: EmulatedApiRequest) => EmulatedResponse {
  const errors = {
    missing: "not_authed",
    unknown: "invalid_auth",
    expired: "token_expired",
    revoked: "token_revoked",
  } as const;
  return (request) =>
    request.token === undefined ? failed(errors[request.reason ?? "unknown"]) : method(request.token, request);
}

function withScope(needed: string, method: Method): Method {
  return (token, request) =>
    token.scopes.includes(needed)
      ? method(token, request)
      : failed("missing_scope", { needed, provided: token.scopes.join(",") });
}

function answer(fields: JsonObject): EmulatedResponse {
  return respond({ ok: true, ...fields });
}

function failed(error: string, fields: JsonObject = {}): EmulatedResponse {
  return respond({ ok: false, error, ...fields });
}

function respond(json: Json): EmulatedResponse {
  return { status: 200, json };
}
