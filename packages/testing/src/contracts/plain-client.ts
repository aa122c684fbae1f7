import { createHash, randomBytes } from "node:crypto";
import type {
  BasicEncoding,
  ClientAuthentication,
  Connector,
  Json,
  ProviderRequest,
  ProviderResponse,
} from "@grantkeeper/core/connector";
import { assertionOf } from "./client-assertion.ts";
import { fill } from "./connector-shape.ts";

/** The legs of a flow as a connector describes them, by plain fetch: what the contract suite holds the emulator against. */
export interface PlainClient {
  readonly authorization: () => {
    readonly url: URL;
    readonly state: string;
    readonly codeVerifier: string | undefined;
  };
  readonly exchange: (code: string, codeVerifier: string | undefined) => Promise<ProviderResponse>;
  readonly refresh: (refreshToken: string) => Promise<ProviderResponse>;
  /** RFC 7009, section 2.1. */
  readonly revokeToken: (token: string, hint: "access_token" | "refresh_token") => Promise<ProviderResponse>;
  readonly send: (request: ProviderRequest, accessToken: string) => Promise<ProviderResponse>;
}

/** Creates a client for an emulated connector. `params` fill its templates. */
export function createPlainClient(
  connector: Connector,
  redirectUri: string,
  params: Readonly<Record<string, string>>,
): PlainClient {
  const locate = async (name: string, url: string | undefined) =>
    url === undefined ? discover(connector, params, name) : fill(url, params);
  const { clientId } = connector;

  const authenticated = async (
    authentication: ClientAuthentication,
    headers: Headers,
    fields: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> => {
    switch (authentication.method) {
      case "none":
        return { ...fields, client_id: clientId };
      case "client_secret_post":
        return { ...fields, client_id: clientId, client_secret: authentication.secret.reveal() };
      case "client_secret_basic":
        headers.set("authorization", basic(clientId, authentication.secret.reveal(), authentication.encoding));
        return fields;
      default: {
        const audience = authentication.audience ?? fill(connector.issuer ?? "", params);
        return { ...fields, client_id: clientId, ...(await assertionOf(authentication, clientId, audience)) };
      }
    }
  };
  const post = async (url: string, fields: Readonly<Record<string, string>>, format: "form" | "json") => {
    const headers = new Headers({ accept: "application/json" });
    const all = await authenticated(connector.clientAuthentication, headers, fields);
    if (format === "json") headers.set("content-type", "application/json");
    const body = format === "json" ? JSON.stringify(all) : new URLSearchParams(all);
    return read(await fetch(url, { method: "POST", headers, body, redirect: "manual" }));
  };

  return {
    authorization: () => {
      const url = new URL(fill(connector.authorizationEndpoint ?? "", params));
      const state = randomBytes(16).toString("base64url");
      const codeVerifier = connector.pkce === "S256" ? randomBytes(32).toString("base64url") : undefined;
      const extra = connector.authorizationParams;
      const query = {
        response_type: "code",
        client_id: clientId,
        redirect_uri: redirectUri,
        state,
        ...(connector.scopes.length > 0 ? { scope: connector.scopes.join(connector.scopeSeparator) } : {}),
        ...(connector.issuer === undefined ? {} : { nonce: "nonce-1" }),
        ...(connector.responseMode === undefined ? {} : { response_mode: connector.responseMode }),
        ...(codeVerifier === undefined
          ? {}
          : {
              code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
              code_challenge_method: "S256",
            }),
        ...(typeof extra === "function"
          ? extra({ hasRefreshToken: false, scopes: requestedScopes(connector) })
          : extra),
      };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return { url, state, codeVerifier };
    },
    exchange: async (code, codeVerifier) => {
      const url = await locate("token_endpoint", connector.tokenEndpoint);
      const fields = {
        ...connector.tokenParams,
        grant_type: "authorization_code",
        code,
        redirect_uri: redirectUri,
        ...(codeVerifier === undefined ? {} : { code_verifier: codeVerifier }),
      };
      return post(url, fields, connector.bodyFormat ?? "form");
    },
    refresh: async (refreshToken) => {
      const url = await locate("token_endpoint", connector.refreshEndpoint ?? connector.tokenEndpoint);
      const fields = { ...connector.refreshParams, grant_type: "refresh_token", refresh_token: refreshToken };
      return post(url, fields, connector.bodyFormat ?? "form");
    },
    revokeToken: async (token, hint) => {
      const url = await locate("revocation_endpoint", connector.revocationEndpoint);
      return post(url, { token, token_type_hint: hint }, "form");
    },
    send: async (request, accessToken) => {
      const base = fill(connector.apiBaseUrl, params);
      const url = new URL(fill(request.url, params), base.endsWith("/") ? base : `${base}/`);
      const headers = new Headers({ ...connector.apiHeaders, ...request.headers });
      let fields: Readonly<Record<string, Json>> | undefined = request.form ?? request.json;
      if (request.authentication === "bearer") {
        if (connector.tokenHeader === undefined) headers.set("authorization", `Bearer ${accessToken}`);
        else headers.set(connector.tokenHeader, accessToken);
      } else {
        const own = connector.clientAuthentication;
        const authentication =
          request.authentication === "client" || !("secret" in own)
            ? own
            : { method: "client_secret_basic" as const, secret: own.secret, encoding: request.authentication.basic };
        fields = { ...fields, ...(await authenticated(authentication, headers, {})) };
      }
      if (request.json) headers.set("content-type", "application/json");
      const body = request.json ? JSON.stringify(fields) : request.form ? new URLSearchParams(fields as never) : null;
      return read(await fetch(url, { method: request.method ?? "GET", headers, body, redirect: "manual" }));
    },
  };
}

async function discover(connector: Connector, params: Readonly<Record<string, string>>, name: string): Promise<string> {
  const issuer = fill(connector.issuer ?? "", params).replace(/\/$/, "");
  const { body } = await read(await fetch(`${issuer}/.well-known/openid-configuration`));
  const url = (body as Readonly<Record<string, Json>> | undefined)?.[name];
  if (typeof url !== "string") throw new Error(`The metadata of ${issuer} names no ${name}.`);
  return url;
}

async function read(response: Response): Promise<ProviderResponse> {
  const text = await response.text();
  let body: Json | undefined;
  try {
    body = JSON.parse(text) as Json;
  } catch {
    body = undefined;
  }
  return { status: response.status, headers: response.headers, body };
}

function basic(id: string, secret: string, encoding: BasicEncoding): string {
  const encode = (value: string) =>
    encoding === "raw" ? value : new URLSearchParams({ value }).toString().slice("value=".length);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString("base64")}`;
}

function requestedScopes({ scopes, tokenSets }: Connector): Readonly<Record<string, readonly string[]>> {
  const others = Object.entries(tokenSets).map(([name, set]) => [name, set?.scopes ?? []] as const);
  return { default: scopes, ...Object.fromEntries(others) };
}
