import type {
  Connector,
  EmulatedApiRequest,
  EmulatedResponse,
  EmulatedRoute,
  ProviderEmulation,
} from "@grantkeeper/core/connector";

type Described = Pick<Connector, "apiBaseUrl" | "identify"> & {
  readonly tokenSets?: Connector["tokenSets"] | undefined;
};

/** A provider with two accounts that answers the connector's own identity request, and `me`. */
export function oauth2Emulation(described: Described): ProviderEmulation {
  return {
    accounts: [
      { id: "1001", name: "Alex Example", email: "alex@example.com" },
      { id: "1002", name: "Robin Example", email: "robin@example.org" },
    ],
    routes: [...identityRoute(described), { method: "GET", url: under(described.apiBaseUrl, "me"), handle: answer }],
    exampleCall: { path: "me" },
  };
}

function identityRoute({ apiBaseUrl, identify, tokenSets = {} }: Described): readonly EmulatedRoute[] {
  const request = identify?.request?.({ tokenSets: ["default", ...Object.keys(tokenSets)] });
  if (request === undefined) return [];
  return [{ method: request.method ?? "GET", url: under(apiBaseUrl, request.url), handle: answer }];
}

function under(apiBaseUrl: string, url: string): string {
  return /^https?:/i.test(url) ? url : `${apiBaseUrl.replace(/\/+$/, "")}/${url.replace(/^\/+/, "")}`;
}

// Under the names that providers commonly use, since the connector's own reader looks for one of them.
function answer({ token, reason }: EmulatedApiRequest): EmulatedResponse {
  if (token === undefined) {
    const challenge = reason === "missing" ? "Bearer" : 'Bearer error="invalid_token"';
    return { status: 401, headers: { "WWW-Authenticate": challenge }, json: { error: "invalid_token" } };
  }
  const { id, name, email = null, avatarUrl = null } = token.account;
  const username = name.toLowerCase().replaceAll(" ", "-");
  return {
    status: 200,
    json: { id, sub: id, login: username, username, name, email, avatar_url: avatarUrl, picture: avatarUrl },
  };
}
