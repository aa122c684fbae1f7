import type { ErrorCode } from "@grantkeeper/core";
import type { Attack, Tampering } from "../attack.ts";

/** What the browser brings back (RFC 6749, section 4.1.2; RFC 9207, section 2.4; RFC 9700, section 4.4). */
export const authorizationAttacks: readonly Attack[] = [
  attack(
    "fapi2-security-profile-final-client-test-remove-authorization-response-iss",
    "It names no issuer, though the metadata say that it does.",
    { requirement: "R6", expected: ["state_mismatch"] },
    ({ searchParams }) => searchParams.delete("iss"),
  ),
  attack(
    "fapi2-security-profile-final-client-test-invalid-authorization-response-iss",
    "It names another issuer.",
    { requirement: "R6", expected: ["state_mismatch"] },
    ({ searchParams }, { bystander }) => searchParams.set("iss", bystander),
  ),
  attack(
    "authorization-response-iss-trailing-slash",
    "Its issuer has a slash at its end.",
    { requirement: "R6", expected: ["state_mismatch"] },
    ({ searchParams }, { issuer }) => searchParams.set("iss", `${issuer}/`),
  ),
  attack(
    "authorization-response-iss-empty",
    "Its issuer is empty.",
    { requirement: "R6", expected: ["state_mismatch"] },
    ({ searchParams }) => searchParams.set("iss", ""),
  ),
  attack(
    "authorization-response-error-of-another-issuer",
    "It is an error, and names another issuer.",
    { requirement: "R6", expected: ["state_mismatch"] },
    ({ searchParams }, { bystander }) => {
      searchParams.delete("code");
      searchParams.set("error", "access_denied");
      searchParams.set("iss", bystander);
    },
  ),
  attack(
    "authorization-response-on-another-path",
    "It comes back where another connector's answers do.",
    { requirement: "R7", expected: ["state_mismatch"] },
    (callback) => {
      callback.pathname = callback.pathname.replace(/[^/]+\/callback$/, "other/callback");
    },
  ),
  attack(
    "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails",
    "Its state is another one.",
    { requirement: "R4", expected: ["state_mismatch"] },
    ({ searchParams }) => {
      const state = searchParams.get("state") ?? "";
      searchParams.set("state", `${state.startsWith("A") ? "B" : "A"}${state.slice(1)}`);
    },
  ),
  attack(
    "authorization-response-state-of-another-form",
    "Its state is of a form that nobody makes.",
    { requirement: "R4", expected: ["state_mismatch"] },
    ({ searchParams }) => searchParams.set("state", "__proto__"),
  ),
  attack(
    "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails",
    "It has no state.",
    { requirement: "R4", expected: ["invalid_request"] },
    ({ searchParams }) => searchParams.delete("state"),
  ),
  attack(
    "authorization-response-code-and-error",
    "It has a code and an error.",
    { requirement: "R12", expected: ["invalid_request"] },
    ({ searchParams }) => searchParams.set("error", "access_denied"),
  ),
  attack(
    "authorization-response-neither-code-nor-error",
    "It has neither a code nor an error.",
    { requirement: "R12", expected: ["invalid_request"] },
    ({ searchParams }) => searchParams.delete("code"),
  ),
  ...["code", "state", "iss"].map((parameter) =>
    attack(
      `authorization-response-${parameter}-twice`,
      `It has ${parameter} twice.`,
      { requirement: "R12", expected: ["invalid_request"] },
      ({ searchParams }) => searchParams.append(parameter, searchParams.get(parameter) ?? ""),
    ),
  ),
  attack(
    "authorization-response-in-the-fragment",
    "It stands behind a number sign, as implicit flows have it.",
    { requirement: "R1", expected: ["invalid_request"] },
    (callback) => {
      callback.hash = callback.search.slice(1);
      callback.search = "";
    },
  ),
  attack(
    "authorization-response-tokens-beside-the-code",
    "It brings tokens along, as hybrid flows have it.",
    { requirement: "R1", expected: ["invalid_request"] },
    ({ searchParams }) => {
      searchParams.set("access_token", "an-access-token-of-an-attacker");
      searchParams.set("id_token", "an-id-token-of-an-attacker");
    },
  ),
  attack(
    "authorization-response-signed",
    "It stands in a token, as JARM has it.",
    { requirement: "R1", expected: ["invalid_request"] },
    ({ searchParams }) => searchParams.set("response", "e30.e30.AAAA"),
  ),
  attack(
    "authorization-response-error-that-breaks-lines",
    "Its error describes itself with line breaks, colours of a terminal, a code and a secret.",
    { requirement: "R55", expected: ["provider_rejected"] },
    ({ searchParams }, { clientSecret }) => {
      const code = searchParams.get("code") ?? "";
      searchParams.delete("code");
      searchParams.set("error", `invalid_scope\r\n${code}`);
      searchParams.set("error_description", `\u001b[31mred\r\nlevel=error ${code} ${clientSecret}\u2028${code}`);
    },
  ),
  {
    ...attack("authorization-response-replayed", "It is the answer to an earlier sign-in, which is done.", {
      requirement: "R5",
      expected: ["state_mismatch"],
    }),
    tampering: { replaysCallback: true },
  },
  {
    ...attack("code-of-another-client", "Its code was given to another client.", {
      requirement: "R8",
      expected: ["flow_expired"],
    }),
    tampering: { codesOfAnotherClient: true },
  },
  attack(
    "code-unknown",
    "Its code is one that the provider has never given.",
    { requirement: "R8", expected: ["flow_expired"] },
    ({ searchParams }) => searchParams.set("code", "a-code-that-was-never-given"),
  ),
];

function attack(
  name: string,
  summary: string,
  { requirement, expected }: { readonly requirement: string; readonly expected: readonly ErrorCode[] },
  change?: (callback: URL, world: Parameters<NonNullable<Tampering["callback"]>>[1]) => void,
): Attack {
  const tampering: Tampering = {
    callback(callback, world) {
      change?.(callback, world);
      return callback;
    },
  };
  return {
    name,
    requirement,
    leg: "authorization",
    expected,
    summary: `Authorization response: ${summary}`,
    tampering,
  };
}
