import type { Json, JsonObject } from "@grantkeeper/core/connector";
import type { Attack, HostileWorld, Tampering } from "../attack.ts";
import { signingInput } from "../id-token.ts";
import { changed } from "./id-token.ts";

/** ID tokens that come with a refresh (OpenID Connect Core, section 12.2): the refresh token beside them is good. */
export const refreshAttacks: readonly Attack[] = [
  forged("oidcc-client-test-refresh-token-invalid-sub", "The subject is another one.", () => ({
    sub: "somebody-else",
  })),
  forged("refresh-id-token-missing-sub", "There is no subject.", () => ({ sub: undefined })),
  forged("oidcc-client-test-refresh-token-invalid-issuer", "The issuer is another one.", (_, { bystander }) => ({
    iss: bystander,
  })),
  forged("oidcc-client-test-refresh-token-invalid-aud", "It is meant for another client.", () => ({
    aud: "another-client",
  })),
  forged("oidcc-client-test-refresh-token-invalid-azp", "It was given to another client.", () => ({
    azp: "another-client",
  })),
  forged("refresh-id-token-expired", "It has expired an hour ago.", ({ iat }) => ({ exp: Number(iat) - 3600 })),
  attack("refresh-id-token-sig-none", "The algorithm is none.", {
    idToken: ({ claims }) => `${signingInput({ alg: "none" }, claims)}.`,
  }),
  attack("refresh-id-token-encrypted", "It has the five parts of a JWE.", { idToken: () => "e30.AAAA.AAAA.AAAA.AAAA" }),
  attack("refresh-id-token-garbage", "It is no JWS.", { idToken: () => "not a token at all" }),
  {
    ...attack("refresh-id-token-missing", "There is none, which is allowed.", { idToken: () => undefined }),
    expected: [],
  },
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

function attack(name: string, summary: string, tampering: Tampering): Attack {
  return {
    ...{ name, requirement: "R40", leg: "refresh", expected: ["invalid_response"] },
    summary: `Refreshed ID token: ${summary}`,
    tampering,
  };
}
