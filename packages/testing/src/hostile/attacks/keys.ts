import { randomUUID } from "node:crypto";
import type { ErrorCode } from "@grantkeeper/core";
import { drip, endless, gzipBomb, redirect, text } from "../answers.ts";
import type { Answer, Attack, Tampering } from "../attack.ts";
import { signJws } from "../id-token.ts";
import { publicJwk } from "../signing-keys.ts";

const unusable: readonly ErrorCode[] = ["invalid_response"];
const unavailable: readonly ErrorCode[] = ["provider_unavailable"];

/** What the issuer publishes as its keys (RFC 7517; OpenID Connect Core, section 10.1). */
export const keyAttacks: readonly Attack[] = [
  attack("jwks-empty", "There are none.", unusable, { jwks: () => ({ keys: [] }) }),
  attack("jwks-without-keys", "The document has no list of keys.", unusable, { jwks: () => ({}) }),
  attack("jwks-keys-not-a-list", "The list of keys is a text.", unusable, { jwks: () => ({ keys: "none" }) }),
  attack("jwks-keys-of-null", "The list holds no keys but null.", unusable, { jwks: () => ({ keys: [null] }) }),
  attack("jwks-of-strangers", "The key is another one, under the same id.", unusable, {
    jwks: (_, { keys }) => ({ keys: [{ ...publicJwk(keys.strange), kid: keys.own.kid }] }),
  }),
  attack("jwks-key-for-encryption", "The key is for encryption.", unusable, {
    jwks: (_, { keys }) => ({ keys: [{ ...publicJwk(keys.own), use: "enc" }] }),
  }),
  attack("jwks-key-malformed", "The key has no modulus.", unusable, {
    jwks: (_, { keys }) => ({ keys: [{ kty: "RSA", kid: keys.own.kid, alg: "RS256", use: "sig" }] }),
  }),
  attack("jwks-same-id-twice", "Two keys have the same id.", unusable, {
    jwks: (_, { keys }) => ({
      keys: [keys.own, keys.strange].map((key) => ({ ...publicJwk(key), kid: keys.own.kid })),
    }),
  }),
  attack("jwks-flood", "There are 5,000, and none is the right one.", unusable, {
    jwks: () => ({
      keys: Array.from({ length: 5_000 }, (_, index) => ({
        kty: "RSA",
        kid: `key-${index}`,
        n: "AQAB".repeat(10),
        e: "AQAB",
      })),
    }),
  }),
  attack("jwks-flood-over-the-limit", "There are 5,000, in more than a mebibyte.", unusable, {
    jwks: () => ({
      keys: Array.from({ length: 5_000 }, (_, index) => ({
        kty: "RSA",
        kid: `key-${index}`,
        n: "AQAB".repeat(100),
        e: "AQAB",
      })),
    }),
  }),
  attack("oidcc-client-test-kid-absent-multiple-jwks", "The ID token names none of several.", unusable, {
    idToken: ({ claims, sign }) => sign({ alg: "RS256" }, claims),
    jwks: (_, { keys }) => ({ keys: [publicJwk(keys.strange), publicJwk(keys.own)] }),
  }),
  attack("id-token-unknown-kid", "The ID token names one that is not there.", unusable, {
    idToken: ({ claims }, { keys }) =>
      signJws({ alg: "RS256", kid: keys.strange.kid }, claims, keys.strange.privateKey),
  }),
  attack("id-token-new-kid-each-time", "Each ID token names another, and none of them is there.", unusable, {
    idToken: ({ claims, sign }) => sign({ alg: "RS256", kid: randomUUID() }, claims),
  }),
  answered("jwks-not-json", "They are a page.", unusable, text("<html>")),
  answered("jwks-endless", "They do not end.", unusable, endless("a")),
  answered("jwks-gzip-bomb", "They are small, and large once inflated.", unusable, gzipBomb),
  answered("jwks-redirect-302", "They are at the bystander.", unusable, redirect(302)),
  answered("jwks-redirect-308", "They are at the bystander, for good.", unusable, redirect(308)),
  answered(
    "jwks-redirect-to-private-network",
    "They are at the address of a cloud's metadata.",
    unusable,
    redirect(302, () => "http://169.254.169.254/latest/meta-data/"),
  ),
  answered("jwks-500", "They cannot be had.", unavailable, text("", { status: 500 })),
  { ...answered("jwks-slow-drip", "They come byte by byte, and never whole.", unavailable, drip), stalls: true },
];

function answered(name: string, summary: string, expected: readonly ErrorCode[], jwks: Answer): Attack {
  return attack(name, summary, expected, { answers: { jwks } });
}

function attack(name: string, summary: string, expected: readonly ErrorCode[], tampering: Tampering): Attack {
  return { name, requirement: "R30", leg: "jwks", expected, summary: `Keys: ${summary}`, tampering };
}
