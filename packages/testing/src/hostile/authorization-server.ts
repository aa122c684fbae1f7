import { createHash, randomBytes } from "node:crypto";
import type { JsonObject } from "@grantkeeper/core/connector";
import type { HostileWorld, Tampering } from "./attack.ts";
import { draftIdToken } from "./id-token.ts";

/** The honest part of the provider: codes, tokens and strict rotation, for one client and one account. */
export interface AuthorizationServer {
  /** Returns the callback URL (RFC 6749, section 4.1.2; RFC 9207, section 2). */
  readonly authorize: (parameters: URLSearchParams, tampering: Tampering) => URL;
  /** Tokens, or an error of RFC 6749, section 5.2. */
  readonly token: (form: URLSearchParams, authorization: string | undefined, tampering: Tampering) => JsonObject;
  readonly knowsAccessToken: (authorization: string | undefined) => boolean;
  /** Ends what belongs to a token (RFC 7009). */
  readonly revoke: (form: URLSearchParams) => void;
  /** Everything that was issued or sent and that nobody else may see, by name. */
  readonly secrets: () => readonly { readonly name: string; readonly value: string }[];
}

interface Code {
  readonly clientId: string;
  readonly redirectUri: string | null;
  readonly challenge: string | null;
  readonly nonce: string | null;
}

/** The subject of the one account. */
export const subject = "ada-1815";
const accessTokenLifetimeSeconds = 300;

export function createAuthorizationServer(world: HostileWorld): AuthorizationServer {
  const codes = new Map<string, Code>();
  const accessTokens = new Set<string>();
  /** Those that may be used; one that was used is gone. */
  const refreshTokens = new Set<string>();
  const secrets = new Map<string, string>([[world.clientSecret, "client secret"]]);

  let first: URL | undefined;

  function mark(name: string, value: string | null): void {
    if (value !== null && value.length >= 8 && !secrets.has(value)) secrets.set(value, `${name} ${secrets.size}`);
  }

  function createToken(name: string): string {
    const token = randomBytes(32).toString("base64url");
    mark(name, token);
    return token;
  }

  function issue(nonce: string | null, tampering: Tampering): JsonObject {
    const accessToken = createToken("access token");
    const refreshToken = createToken("refresh token");
    accessTokens.add(accessToken);
    refreshTokens.add(refreshToken);
    const draft = draftIdToken(world, { subject, nonce, accessToken });
    const idToken =
      tampering.idToken === undefined ? draft.sign(draft.header, draft.claims) : tampering.idToken(draft, world);
    if (typeof idToken === "string") mark("ID token", idToken);
    return {
      access_token: accessToken,
      token_type: "Bearer",
      expires_in: accessTokenLifetimeSeconds,
      refresh_token: refreshToken,
      ...(idToken === undefined ? {} : { id_token: idToken }),
    };
  }

  function exchange(form: URLSearchParams, tampering: Tampering): JsonObject {
    const verifier = form.get("code_verifier");
    mark("code verifier", verifier);
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(verifier ?? "")
      .digest("base64url");
    const good =
      code?.clientId === world.clientId &&
      code.redirectUri === form.get("redirect_uri") &&
      code.challenge === challenge;
    if (!good) return { error: "invalid_grant" };
    return issue(code.nonce, tampering);
  }

  function refresh(form: URLSearchParams, tampering: Tampering): JsonObject {
    if (!refreshTokens.delete(form.get("refresh_token") ?? "")) return { error: "invalid_grant" };
    return issue(null, tampering);
  }

  return {
    authorize(parameters, tampering) {
      const code = createToken("code");
      mark("nonce", parameters.get("nonce"));
      codes.set(code, {
        clientId: tampering.codesOfAnotherClient === true ? "another-client" : (parameters.get("client_id") ?? ""),
        redirectUri: parameters.get("redirect_uri"),
        challenge: parameters.get("code_challenge_method") === "S256" ? parameters.get("code_challenge") : null,
        nonce: parameters.get("nonce"),
      });
      const callback = new URL(parameters.get("redirect_uri") ?? "");
      callback.searchParams.set("code", code);
      callback.searchParams.set("state", parameters.get("state") ?? "");
      callback.searchParams.set("iss", world.issuer);
      first ??= callback;
      if (tampering.replaysCallback === true) return first;
      return tampering.callback?.(callback, world) ?? callback;
    },
    token(form, authorization, tampering) {
      const [id, secret] = basicCredentials(authorization);
      if (id !== world.clientId || secret !== world.clientSecret) return { error: "invalid_client" };
      const refreshing = form.get("grant_type") === "refresh_token";
      return refreshing ? refresh(form, tampering) : exchange(form, tampering);
    },
    knowsAccessToken: (authorization) => accessTokens.has(/^Bearer (\S+)$/.exec(authorization ?? "")?.[1] ?? ""),
    revoke: (form) => void refreshTokens.delete(form.get("token") ?? ""),
    secrets: () => [...secrets].map(([value, name]) => ({ name, value })),
  };
}

/** RFC 6749, section 2.3.1. */
function basicCredentials(authorization: string | undefined): readonly string[] {
  const encoded = /^Basic (\S+)$/.exec(authorization ?? "")?.[1] ?? "";
  const decode = (part: string): string => decodeURIComponent(part.replaceAll("+", " "));
  return Buffer.from(encoded, "base64").toString("utf8").split(":").map(decode);
}
