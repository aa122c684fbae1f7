import type { IncomingMessage } from "node:http";
import type { Json, JsonObject } from "@grantkeeper/core/connector";
import { answerJson } from "./answers.ts";
import type { Endpoint, Exchange, HostileWorld, Tampering } from "./attack.ts";
import { type AuthorizationServer, subject } from "./authorization-server.ts";
import { publicJwk } from "./signing-keys.ts";

const paths: Readonly<Record<string, Endpoint>> = {
  "/.well-known/openid-configuration": "discovery",
  "/jwks": "jwks",
  "/authorize": "authorization",
  "/token": "token",
  "/userinfo": "userinfo",
  "/revoke": "revocation",
};

export function endpointOf({ url = "/" }: IncomingMessage, form: URLSearchParams): Endpoint | undefined {
  const path = url.split("?", 1)[0] ?? "/";
  const endpoint = paths[path] ?? (path.startsWith("/api/") ? "api" : undefined);
  return endpoint === "token" && form.get("grant_type") === "refresh_token" ? "refresh" : endpoint;
}

interface Visit extends Omit<Exchange, "honest"> {
  readonly authorizationServer: AuthorizationServer;
  readonly tampering: Tampering;
}

/** Answers as the tampering says, and honestly where it says nothing. */
export function answerAt(endpoint: Endpoint | undefined, visit: Visit): void {
  const { request, response, tampering, authorizationServer } = visit;
  const answer = endpoint === undefined ? undefined : tampering.answers?.[endpoint];
  if (endpoint === undefined) response.writeHead(404).end();
  else if (answer !== undefined) answer({ ...visit, honest: () => honestBody(endpoint, visit) });
  else if (endpoint === "authorization") {
    const { searchParams } = new URL(request.url ?? "/", visit.world.issuer);
    response.writeHead(302, { location: authorizationServer.authorize(searchParams, tampering).href }).end();
  } else {
    const body = honestBody(endpoint, visit);
    answerJson(response, body, isError(body) ? (endpoint === "userinfo" || endpoint === "api" ? 401 : 400) : 200);
  }
}

function isError(body: Json): boolean {
  return typeof body === "object" && body !== null && "error" in body;
}

function honestBody(endpoint: Endpoint, { request, form, world, authorizationServer, tampering }: Visit): Json {
  const { authorization } = request.headers;
  switch (endpoint) {
    case "discovery": {
      const metadata = metadataOf(world);
      return tampering.metadata?.(metadata, world) ?? metadata;
    }
    case "jwks": {
      const jwks = { keys: [publicJwk(world.keys.own)] };
      return tampering.jwks?.(jwks, world) ?? jwks;
    }
    case "token":
    case "refresh": {
      const body = authorizationServer.token(form, authorization, tampering);
      return isError(body) ? body : (tampering.tokenResponse?.(body, world) ?? body);
    }
    case "userinfo": {
      if (!authorizationServer.knowsAccessToken(authorization)) return { error: "invalid_token" };
      const claims = { sub: subject, name: "Ada Lovelace" };
      return tampering.userinfo === undefined ? claims : tampering.userinfo(claims, world);
    }
    case "revocation":
      authorizationServer.revoke(form);
      return {};
    case "api":
      return authorizationServer.knowsAccessToken(authorization) ? { done: true } : { error: "invalid_token" };
    case "authorization":
      return {};
  }
}

/** OpenID Connect Discovery, section 3; RFC 8414, section 2. */
function metadataOf({ issuer }: HostileWorld): JsonObject {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
  };
}
