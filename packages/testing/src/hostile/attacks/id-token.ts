import type { Json, JsonObject } from "@grantkeeper/core/connector";
import type { Attack, HostileWorld, Tampering } from "../attack.ts";

/** ID tokens, well signed, whose claims do not hold (OpenID Connect Core, section 3.1.3.7). */
export const idTokenAttacks: readonly Attack[] = [
  forged("oidcc-client-test-invalid-iss", "The issuer is another host.", (_, { bystander }) => ({ iss: bystander })),
  forged("id-token-iss-trailing-slash", "The issuer has a slash at its end.", (_, { issuer }) => ({
    iss: `${issuer}/`,
  })),
  forged("id-token-iss-case", "The issuer's scheme is in capitals.", (_, { issuer }) => ({
    iss: issuer.replace("http:", "HTTP:"),
  })),
  forged("fapi1-advanced-final-client-test-invalid-missing-iss", "There is no issuer.", () => ({ iss: undefined })),
  forged("oidcc-client-test-invalid-aud", "It is meant for another client.", () => ({ aud: "another-client" })),
  forged("fapi1-advanced-final-client-test-invalid-missing-aud", "It is meant for nobody.", () => ({ aud: undefined })),
  forged("id-token-aud-list-of-others", "It is meant for several other clients.", (_, { clientId }) => ({
    aud: ["another-client", `${clientId}-2`],
  })),
  forged(
    "fapi1-advanced-final-client-test-invalid-secondary-aud",
    "It is meant for another client too, and no azp says whose it is.",
    (_, { clientId }) => ({
      aud: [clientId, "another-client"],
    }),
  ),
  forged(
    "id-token-azp-of-another-in-list",
    "It is meant for several clients, and was given to another.",
    (_, { clientId }) => ({
      aud: [clientId, "another-client"],
      azp: "another-client",
    }),
  ),
  forged("id-token-azp-of-another", "It was given to another client, for this one.", () => ({ azp: "another-client" })),
  forged("oidcc-client-test-missing-sub", "There is no subject.", () => ({ sub: undefined })),
  forged("id-token-sub-not-a-string", "The subject is a number.", () => ({ sub: 1815 })),
  forged("oidcc-client-test-nonce-invalid", "The nonce is another sign-in's.", () => ({ nonce: "another" })),
  forged("fapi1-advanced-final-client-test-invalid-missing-nonce", "There is no nonce.", () => ({ nonce: undefined })),
  forged("fapi1-advanced-final-client-test-invalid-expired-exp", "It has expired an hour ago.", ({ iat }) => ({
    exp: Number(iat) - 3600,
  })),
  forged("fapi1-advanced-final-client-test-invalid-missing-exp", "It never expires.", () => ({ exp: undefined })),
  forged("id-token-exp-not-a-number", "Its end is a text.", () => ({ exp: "tomorrow" })),
  forged("oidcc-client-test-missing-iat", "It was issued at no time.", () => ({ iat: undefined })),
  forged("fapi1-advanced-final-client-test-iat-is-week-in-past", "It was issued a week ago.", ({ iat }) => ({
    iat: Number(iat) - 7 * 24 * 3600,
  })),
  forged("id-token-iat-in-the-future", "It is issued in ten minutes.", ({ iat }) => ({ iat: Number(iat) + 600 })),
  forged("id-token-nbf-in-the-future", "It does not hold yet.", ({ iat }) => ({ nbf: Number(iat) + 600 })),
  forged("oidcc-client-test-invalid-athash", "It belongs to another access token.", () => ({
    at_hash: "AAAAAAAAAAAAAAAAAAAAAA",
  })),
  forged("id-token-athash-not-a-string", "What it says of the access token is a number.", () => ({ at_hash: 1 })),
  attack("id-token-missing", "There is none, though it was asked for.", { idToken: () => undefined }),
  attack("id-token-not-a-string", "It is an object.", { idToken: ({ claims }) => claims }),
  attack("id-token-empty", "It is an empty text.", { idToken: () => "" }),
];

function forged(
  name: string,
  summary: string,
  changes: (claims: JsonObject, world: HostileWorld) => Readonly<Record<string, Json | undefined>>,
): Attack {
  return attack(name, summary, {
    idToken: ({ header, claims, sign }, world) => sign(header, changed(claims, changes(claims, world))),
  });
}

/** Claims with others in their place; `undefined` takes one out. */
export function changed(claims: JsonObject, changes: Readonly<Record<string, Json | undefined>>): JsonObject {
  const entries = Object.entries({ ...claims, ...changes });
  return Object.fromEntries(entries.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

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
