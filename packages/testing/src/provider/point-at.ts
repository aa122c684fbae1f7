import type {
  Connector,
  CredentialGrant,
  Json,
  ProviderRequest,
  RevocationInput,
  Rotation,
} from "@grantkeeper/core/connector";

const absolute = /^https?:\/\/([^/?#]+)(.*)$/s;

/** Moves an absolute URL, or a template of one, under a path prefix of its host; others stay as they are. */
export function moveUrl(url: string, origin: string): string {
  const [, host, rest] = absolute.exec(url) ?? [];
  return host === undefined || url.startsWith(`${origin}/`) ? url : `${origin}/${host}${rest ?? ""}`;
}

/** A connector with every URL moved to an emulator at `origin`, which rotates as `rotation` says. Frozen. */
export function pointAt<C extends Connector>(connector: C, origin: string, rotation: Rotation): C {
  const move = (url: string | undefined) => (url === undefined ? undefined : moveUrl(url, origin));
  const { host, rest } = hostOf(connector.apiBaseUrl);
  const moveRequest = <R extends Pick<ProviderRequest, "url">>(request: R): R => ({
    ...request,
    url: moveUrl(request.url.startsWith("/") ? `https://${host}${request.url}` : request.url, origin),
  });
  const { identify, revoke, credentials } = connector;
  const identifyRequest = identify?.request;

  return Object.freeze({
    ...connector,
    issuer: move(connector.issuer),
    authorizationEndpoint: move(connector.authorizationEndpoint),
    tokenEndpoint: move(connector.tokenEndpoint),
    refreshEndpoint: move(connector.refreshEndpoint),
    revocationEndpoint: move(connector.revocationEndpoint),
    deviceAuthorizationEndpoint: move(connector.deviceAuthorizationEndpoint),
    introspectionEndpoint: move(connector.introspectionEndpoint),
    pushedAuthorizationRequestEndpoint: move(connector.pushedAuthorizationRequestEndpoint),
    userinfoEndpoint: move(connector.userinfoEndpoint),
    jwksUri: move(connector.jwksUri),
    // A base without a path gets one: relative URLs would otherwise resolve beside the host's prefix.
    apiBaseUrl: `${moveUrl(connector.apiBaseUrl, origin)}${rest === "" ? "/" : ""}`,
    apiOrigins: [origin],
    rotation,
    identify: identify && {
      ...identify,
      ...(identifyRequest && {
        request: (input: Parameters<typeof identifyRequest>[0]) => moveRequest(identifyRequest(input)),
      }),
    },
    revoke: revoke && {
      ...revoke,
      requests: (input: RevocationInput): readonly ProviderRequest[] => revoke.requests(input).map(moveRequest),
    },
    credentials: credentials && pointCredentials(credentials, moveRequest),
    loopback: true,
  });
}

/** A described token request goes to the emulator too. */
function pointCredentials(
  grant: CredentialGrant,
  moveRequest: <R extends Pick<ProviderRequest, "url">>(request: R) => R,
): CredentialGrant {
  if (grant.kind === "static") return grant;
  return {
    ...grant,
    request: (input) => {
      const asked = grant.request(input);
      return "request" in asked ? { ...asked, request: moveRequest(asked.request) } : asked;
    },
  };
}

/** Moves what begins with one of a connector's own origins, wherever it stands in an answer: links to further pages. */
export function moveOwnUrls(connector: Connector, origin: string): (value: Json) => Json {
  const hosts = [connector.apiBaseUrl, ...connector.apiOrigins].map((url) => hostOf(url).host);
  const source = hosts.map((host) => escapePattern(host).replace(/\\\{[^{}]+\\\}/g, "[^/?#.]+")).join("|");
  const own = new RegExp(`^https?://(?:${source})(?=[/?#]|$)`);
  const move = (value: Json): Json => {
    if (typeof value === "string") return own.test(value) ? moveUrl(value, origin) : value;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(move);
    // A scope is a name, also where it looks like a URL as Google's do.
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [name, name === "scope" ? part : move(part)]),
    );
  };
  return move;
}

export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** Host (with port, and perhaps `{name}` in it) and the rest of an absolute URL or a template of one. */
export function hostOf(url: string): { readonly host: string; readonly rest: string } {
  const [, host, rest] = absolute.exec(url) ?? [];
  if (host === undefined) throw new TypeError(`Not an absolute URL: ${url}`);
  return { host, rest: rest ?? "" };
}
