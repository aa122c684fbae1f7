import * as openid from "openid-client";
import type { ClientAuthentication } from "../connector/client-authentication.ts";
import type { Secret } from "../secret.ts";
import { readKey } from "./assertion.ts";

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
        const { signingKey, algorithm, keyId, header } = await readKey(key);
        const signing = { key: signingKey, ...(keyId === undefined ? {} : { kid: keyId }) };
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
  if (encoding === "rfc6749") return oncePerClient(openid.ClientSecretBasic(secret));
  return (_server, client, _body, headers) => {
    headers.set("authorization", `Basic ${Buffer.from(`${client.client_id}:${secret}`).toString("base64")}`);
  };
}

/** For what writes a client the same header each time: to encode it takes longer than all else in a request's headers. */
function oncePerClient(authenticate: openid.ClientAuth): openid.ClientAuth {
  const written = new Map<string, string>();
  return (server, client, body, headers) => {
    const known = written.get(client.client_id);
    if (known !== undefined) return headers.set("authorization", known);
    authenticate(server, client, body, headers);
    const authorization = headers.get("authorization");
    if (authorization !== null) written.set(client.client_id, authorization);
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
