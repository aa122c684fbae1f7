import { createHash, createHmac, type KeyObject, sign } from "node:crypto";
import type { JsonObject } from "@grantkeeper/core/connector";
import type { HostileWorld, IdTokenDraft } from "./attack.ts";

const lifetimeSeconds = 3600;

/** What an honest provider would sign (OpenID Connect Core, sections 2 and 3.1.3.6). */
export function draftIdToken(
  world: HostileWorld,
  {
    subject,
    nonce,
    accessToken,
  }: { readonly subject: string; readonly nonce: string | null; readonly accessToken: string },
): IdTokenDraft {
  const { issuer, clientId, keys } = world;
  const now = Math.floor(world.now() / 1000);
  return {
    header: { alg: "RS256", kid: keys.own.kid },
    claims: {
      iss: issuer,
      sub: subject,
      aud: clientId,
      iat: now,
      exp: now + lifetimeSeconds,
      at_hash: accessTokenHash(accessToken),
      ...(nonce === null ? {} : { nonce }),
    },
    sign: (header, claims) => signJws(header, claims, keys.own.privateKey),
  };
}

export function signJws(header: JsonObject, claims: JsonObject, key: KeyObject): string {
  const input = signingInput(header, claims);
  return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
}

export function macJws(header: JsonObject, claims: JsonObject, key: string | Buffer): string {
  const input = signingInput(header, claims);
  return `${input}.${createHmac("sha256", key).update(input).digest("base64url")}`;
}

/** Header and claims of a JWS, which a signature would follow. */
export function signingInput(header: JsonObject, claims: JsonObject): string {
  const encode = (part: JsonObject): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  return `${encode(header)}.${encode(claims)}`;
}

function accessTokenHash(accessToken: string): string {
  return createHash("sha256").update(accessToken).digest().subarray(0, 16).toString("base64url");
}
