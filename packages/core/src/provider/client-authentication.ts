import { createPrivateKey } from "node:crypto";
import * as openid from "openid-client";
import type { AssertionKey, ClientAuthentication } from "../connector/client-authentication.ts";
import type { Secret } from "../secret.ts";

/** Writes what proves the client into a request's body or headers; `now` in Unix milliseconds. */
export function authenticator(authentication: ClientAuthentication, now: () => number): openid.ClientAuth {
  switch (authentication.method) {
    case "none":
      return openid.None();
    case "client_secret_post":
      return openid.ClientSecretPost(authentication.secret.reveal());
    case "client_secret_basic":
      return basic(authentication.secret.reveal(), authentication.encoding);
    case "client_secret_jwt":
      return openid.ClientSecretJwt(authentication.secret.reveal(), assertion(authentication, now, {}));
    case "private_key_jwt": {
      const { key } = authentication;
      // openid-client waits for what it returns.
      return async (server, client, body, headers) => {
        const { privateKey, algorithm, keyId, header } = await key();
        const signing = {
          key: await signingKey(privateKey, algorithm),
          ...(keyId === undefined ? {} : { kid: keyId }),
        };
        const more = { ...header, alg: algorithm };
        await openid.PrivateKeyJwt(signing, assertion(authentication, now, more))(server, client, body, headers);
      };
    }
  }
}

/** The secret that a client proves itself with, where it has one. */
export function clientSecretOf(authentication: ClientAuthentication): Secret | undefined {
  return "secret" in authentication ? authentication.secret : undefined;
}

function basic(secret: string, encoding: "rfc6749" | "raw"): openid.ClientAuth {
  if (encoding === "rfc6749") return openid.ClientSecretBasic(secret);
  return (_server, client, _body, headers) => {
    headers.set("authorization", `Basic ${Buffer.from(`${client.client_id}:${secret}`).toString("base64")}`);
  };
}

const lifetimeSeconds = 60;

/**
 * What openid-client leaves open of an assertion: its type (draft-ietf-oauth-rfc7523bis, which also has the issuer as the
 * one audience), its times by the keeper's clock, and what the key adds to its header.
 */
function assertion(
  { audience }: { readonly audience: string | undefined },
  now: () => number,
  more: Readonly<Record<string, string>>,
): openid.ModifyAssertionOptions {
  return {
    [openid.modifyAssertion]: (header, payload) => {
      const at = Math.floor(now() / 1000);
      Object.assign(header, { typ: "client-authentication+jwt", ...more });
      Object.assign(payload, { iat: at, nbf: at, exp: at + lifetimeSeconds });
      if (audience !== undefined) payload["aud"] = audience;
    },
  };
}

async function signingKey(
  privateKey: AssertionKey["privateKey"],
  algorithm: AssertionKey["algorithm"],
): Promise<CryptoKey> {
  if (typeof privateKey !== "string") return privateKey;
  // The same class under two names: the types of Node know usages that those of the web do not.
  return createPrivateKey(privateKey).toCryptoKey(algorithms[algorithm], false, ["sign"]) as CryptoKey;
}

const algorithms = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  EdDSA: { name: "Ed25519" },
} as const;
