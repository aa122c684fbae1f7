import type {
  EmulatedApiRequest,
  EmulatedResponse,
  EmulatedTokenAnswer,
  ProviderEmulation,
} from "@grantkeeper/core/connector";

const admin = "https://{shop}.myshopify.com/admin";

/** Shopify on the wire: tokens without a type, a GraphQL identity, and an ended refresh token that is no `invalid_grant`. */
export const shopifyEmulation: ProviderEmulation = {
  accounts: [
    { id: "gid://shopify/Shop/10000000001", name: "Example Teas" },
    { id: "gid://shopify/Shop/10000000002", name: "Example Coffees" },
  ],
  requestedScopes: (query) => ({ default: query.get("scope")?.split(",").filter(Boolean) ?? [] }),
  tokenResponse,
  tokenError,
  routes: [
    { method: "POST", url: `${admin}/api/:version/graphql.json`, handle: graphql },
    { method: "GET", url: `${admin}/api/:version/shop.json`, handle: shop },
    { method: "DELETE", url: `${admin}/api_permissions/current.json`, handle: uninstall },
  ],
  accessTokenLifetimeSeconds: 3600,
  accessTokenTypes: ["urn:shopify:params:oauth:token-type:offline-access-token"],
  exampleCall: { path: "shop.json" },
};

function tokenResponse({ tokenSets }: EmulatedTokenAnswer): EmulatedResponse {
  const set = tokenSets["default"];
  if (set === undefined) return tokenError({ error: "invalid_grant", errorDescription: "" });
  return {
    status: 200,
    json: {
      access_token: set.accessToken,
      scope: set.scopes.join(","),
      ...(set.expiresInSeconds !== undefined && { expires_in: set.expiresInSeconds }),
      ...(set.refreshToken !== undefined && { refresh_token: set.refreshToken, refresh_token_expires_in: 7_776_000 }),
    },
  };
}

function tokenError(problem: { readonly error: string; readonly errorDescription: string }): EmulatedResponse {
  const { error, errorDescription } = problem;
  const refused = (status: number, code: string, description: string): EmulatedResponse => ({
    ...{ status, json: { error: code, error_description: description } },
  });
  if (/subject_token/.test(errorDescription)) return refused(400, "invalid_subject_token", "Subject token is invalid");
  if (error === "invalid_grant" && /refresh/i.test(errorDescription)) {
    return refused(401, "invalid_request", "This request requires an active refresh_token");
  }
  if (error === "invalid_grant") {
    return refused(400, "invalid_request", "The authorization code was not found or was already used");
  }
  return refused(error === "invalid_client" ? 401 : 400, error, errorDescription);
}

function graphql(request: EmulatedApiRequest): EmulatedResponse {
  return authenticated(request, ({ id, name }) => ({ data: { shop: { id, name } } }));
}

function shop(request: EmulatedApiRequest): EmulatedResponse {
  return authenticated(request, ({ id, name }) => ({ shop: { id: Number(id.split("/").at(-1)), name } }));
}

function uninstall(request: EmulatedApiRequest): EmulatedResponse {
  return authenticated(request, () => {
    request.revoke(request.headers.get("x-shopify-access-token") ?? "", "grant");
    return {};
  });
}

function authenticated(
  { token }: EmulatedApiRequest,
  answer: (account: NonNullable<EmulatedApiRequest["token"]>["account"]) => NonNullable<EmulatedResponse["json"]>,
): EmulatedResponse {
  if (token !== undefined) return { status: 200, json: answer(token.account) };
  return {
    status: 401,
    json: { errors: "[API] Invalid API key or access token (unrecognized login or wrong password)" },
  };
}
