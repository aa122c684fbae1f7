import type {
  EmulatedAccount,
  EmulatedApiRequest,
  EmulatedResponse,
  EmulatedTokenAnswer,
  Json,
  ProviderEmulation,
} from "@grantkeeper/core/connector";

const scopeUrl = "https://www.googleapis.com/auth/";

/** Google on the wire: one refresh token at the first consent, long scope names, and its API's error envelope. */
export const googleEmulation: ProviderEmulation = {
  accounts: [
    {
      id: "100000000000000000001",
      name: "Alex Example",
      email: "alex@example.com",
      profile: { email_verified: true, given_name: "Alex", family_name: "Example" },
    },
    {
      id: "100000000000000000002",
      name: "Robin Example",
      email: "robin@example.org",
      profile: { email_verified: true, given_name: "Robin", family_name: "Example", hd: "example.org" },
    },
  ],
  tokenResponse,
  routes: [
    {
      method: "GET",
      url: "https://www.googleapis.com/calendar/v3/users/me/calendarList",
      handle: withScope("calendar", calendarList),
    },
    { method: "GET", url: "https://www.googleapis.com/drive/v3/about", handle: withScope("drive", driveAbout) },
  ],
  refreshTokenOnFirstConsentOnly: true,
  accessTokenLifetimeSeconds: 3600,
  exampleCall: { path: "calendar/v3/users/me/calendarList" },
};

function tokenResponse({ request, tokenSets }: EmulatedTokenAnswer): EmulatedResponse {
  const set = tokenSets["default"];
  if (set === undefined) return { status: 400, json: { error: "invalid_grant", error_description: "Bad Request" } };
  return {
    status: 200,
    json: {
      access_token: set.accessToken,
      ...(set.expiresInSeconds !== undefined && { expires_in: set.expiresInSeconds }),
      // The refresh token that was given once goes on being used.
      ...(request !== "refresh_token" && set.refreshToken !== undefined && { refresh_token: set.refreshToken }),
      scope: set.scopes.map(longName).join(" "),
      token_type: "Bearer",
      ...(set.idToken !== undefined && { id_token: set.idToken }),
    },
  };
}

function longName(scope: string): string {
  return scope === "email" || scope === "profile" ? `${scopeUrl}userinfo.${scope}` : scope;
}

function calendarList(account: EmulatedAccount): EmulatedResponse {
  const owner = account.email ?? account.id;
  const entry = { kind: "calendar#calendarListEntry", id: owner, summary: owner, primary: true, accessRole: "owner" };
  return ok({ kind: "calendar#calendarList", items: [entry] });
}

function driveAbout(account: EmulatedAccount, url: URL): EmulatedResponse {
  if (!url.searchParams.has("fields")) {
    return problem(400, "INVALID_ARGUMENT", "required", "The 'fields' parameter is required for this method.");
  }
  const user = { kind: "drive#user", displayName: account.name, emailAddress: account.email ?? null, me: true };
  return ok({ kind: "drive#about", user });
}

// Any scope of the family will do here: `calendar` as well as `calendar.readonly`.
function withScope(
  family: string,
  answer: (account: EmulatedAccount, url: URL) => EmulatedResponse,
): (request: EmulatedApiRequest) => EmulatedResponse {
  return (request) => {
    if (request.token === undefined) {
      return request.reason === "missing"
        ? problem(401, "UNAUTHENTICATED", "required", "Login Required.")
        : problem(401, "UNAUTHENTICATED", "authError", "Invalid Credentials");
    }
    const granted = request.token.scopes.some((scope) => `${scope}.`.startsWith(`${scopeUrl}${family}.`));
    return granted
      ? answer(request.token.account, request.url)
      : problem(403, "PERMISSION_DENIED", "insufficientPermissions", "Request had insufficient authentication scopes.");
  };
}

// `status` is in the envelope of newer APIs, `errors` in that of older ones; a client meets both.
function problem(code: number, status: string, reason: string, message: string): EmulatedResponse {
  const headers: Record<string, string> =
    code === 401 ? { "WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"' } : {};
  const errors = [{ domain: "global", reason, message }];
  return { status: code, headers, json: { error: { code, message, status, errors } } };
}

function ok(json: Json): EmulatedResponse {
  return { status: 200, json };
}
