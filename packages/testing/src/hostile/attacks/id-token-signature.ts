import type { Attack, Tampering } from "../attack.ts";
import { macJws, signingInput, signJws } from "../id-token.ts";
import { publicJwk } from "../signing-keys.ts";

/** ID tokens with the right claims and a signature that is worth nothing (RFC 8725, sections 3.1 and 3.2). */
export const idTokenSignatureAttacks: readonly Attack[] = [
  attack("oidcc-client-test-invalid-sig-rs256", "The signature is one bit off.", {
    idToken({ header, claims, sign }) {
      const [head, body, signature = ""] = sign(header, claims).split(".");
      const bytes = Buffer.from(signature, "base64url");
      bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
      return `${head}.${body}.${bytes.toString("base64url")}`;
    },
  }),
  attack("id-token-signed-by-a-strange-key", "Another key has signed, under the id of the published one.", {
    idToken: ({ header, claims }, { keys }) => signJws(header, claims, keys.strange.privateKey),
  }),
  attack("id-token-claims-exchanged", "The claims were exchanged after it was signed.", {
    idToken({ header, claims, sign }) {
      const [head, , signature] = sign(header, claims).split(".");
      const body = Buffer.from(JSON.stringify({ ...claims, sub: "somebody-else" })).toString("base64url");
      return `${head}.${body}.${signature}`;
    },
  }),
  attack("id-token-without-signature", "There is no signature behind the last dot.", {
    idToken: ({ header, claims }) => `${signingInput(header, claims)}.`,
  }),
  attack("id-token-without-signature-part", "There is no last dot.", {
    idToken: ({ header, claims }) => signingInput(header, claims),
  }),
  attack("oidcc-client-test-idtoken-sig-none", "The algorithm is none.", {
    idToken: ({ claims }) => `${signingInput({ alg: "none" }, claims)}.`,
  }),
  attack("id-token-alg-none-in-capitals", "The algorithm is NONE.", {
    idToken: ({ claims }) => `${signingInput({ alg: "NONE" }, claims)}.`,
  }),
  attack("id-token-alg-missing", "There is no algorithm.", {
    idToken: ({ claims, sign }) => sign({ kid: "own-key" }, claims),
  }),
  attack("id-token-hs256-by-public-key", "The published key, as PEM, is the key of an HMAC.", {
    idToken: ({ claims }, { keys }) =>
      macJws({ alg: "HS256" }, claims, keys.own.publicKey.export({ type: "spki", format: "pem" }).toString()),
  }),
  attack("fapi1-advanced-final-client-test-invalid-alternate-alg", "The client's secret is the key of an HMAC.", {
    idToken: ({ claims }, { clientSecret }) => macJws({ alg: "HS256" }, claims, clientSecret),
  }),
  attack("id-token-key-in-its-header", "The header brings the key along (jwk).", {
    idToken: ({ claims }, { keys }) =>
      signJws({ alg: "RS256", jwk: publicJwk(keys.strange) }, claims, keys.strange.privateKey),
  }),
  attack("id-token-keys-elsewhere", "The header says where the key is (jku): at the bystander.", {
    idToken: ({ claims }, { keys, bystander }) =>
      signJws({ alg: "RS256", kid: keys.strange.kid, jku: `${bystander}/jwks` }, claims, keys.strange.privateKey),
  }),
  attack("id-token-crit", "The header demands an extension that nobody knows.", {
    idToken: ({ header, claims, sign }) => sign({ ...header, crit: ["unknown"], unknown: true }, claims),
  }),
  attack("id-token-encrypted", "It has the five parts of a JWE.", { idToken: () => "e30.AAAA.AAAA.AAAA.AAAA" }),
  attack("id-token-garbage", "It is no JWS.", { idToken: () => "not a token at all" }),
  attack("id-token-header-not-json", "Its header is no JSON.", { idToken: () => "AAAA.AAAA.AAAA" }),
];

function attack(name: string, summary: string, tampering: Tampering): Attack {
  return {
    name,
    requirement: "R37",
    leg: "token",
    expected: ["invalid_response"],
    summary: `ID token: ${summary}`,
    tampering,
  };
}
