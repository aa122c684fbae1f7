/** One standard, and what of it is there. */
export interface Standard {
  readonly name: string;
  readonly title: string;
  readonly url: string;
  readonly implemented: string;
  readonly left: string;
  /** Of docs/requirements.md: their tests show it. */
  readonly requirements: readonly string[];
}

const rfc = (number: number): string => `https://www.rfc-editor.org/rfc/rfc${number}`;

export const standards: readonly Standard[] = [
  {
    name: "RFC 6749",
    title: "OAuth 2.0",
    url: rfc(6749),
    implemented:
      "authorization code (4.1), client credentials (4.4), extension grants (4.5), refresh (6), client authentication (2.3), errors (5.2)",
    left: "implicit (4.2) and password (4.3), which RFC 9700 forbids",
    requirements: ["R1", "R5", "R12", "R31", "R33", "R34", "R35", "R36", "R43", "R45"],
  },
  {
    name: "RFC 6750",
    title: "Bearer tokens",
    url: rfc(6750),
    implemented: "the Authorization header (2.1), challenges and `insufficient_scope` (3)",
    left: "tokens in a form or a URL (2.2, 2.3)",
    requirements: ["R19", "R41", "R44", "H8"],
  },
  {
    name: "RFC 7009",
    title: "Revocation",
    url: rfc(7009),
    implemented: "at disconnect and erasure, the refresh token first; kept for 72 hours where the provider is away",
    left: "",
    requirements: ["R51"],
  },
  {
    name: "RFC 7519, 7515",
    title: "JWT",
    url: rfc(7519),
    implemented: "by openid-client and jose: RS256 to EdDSA",
    left: "encrypted tokens (RFC 7516)",
    requirements: ["R32", "R37"],
  },
  {
    name: "RFC 7521, 7523",
    title: "Assertions",
    url: rfc(7523),
    implemented: "as client authentication (2.2) by key or secret; as a grant (2.1)",
    left: "SAML assertions (RFC 7522)",
    requirements: ["R32", "R50"],
  },
  {
    name: "RFC 7591, 7592",
    title: "Dynamic registration",
    url: rfc(7591),
    implemented: "",
    left: "all of it: a client is registered by a person",
    requirements: ["R28"],
  },
  {
    name: "RFC 7636",
    title: "PKCE",
    url: rfc(7636),
    implemented: "S256 in every flow, left out only for a provider whose page refuses it",
    left: "`plain`",
    requirements: ["R2", "R3"],
  },
  {
    name: "RFC 7662",
    title: "Introspection",
    url: rfc(7662),
    implemented: "for an access token's end, where a connector names the endpoint",
    left: "signed answers (RFC 9701)",
    requirements: ["R52"],
  },
  {
    name: "RFC 8252",
    title: "Native applications",
    url: rfc(8252),
    implemented: "",
    left: "the loopback listener (7.3)",
    requirements: ["R20"],
  },
  {
    name: "RFC 8414",
    title: "Server metadata",
    url: rfc(8414),
    implemented: "discovery (3), the issuer compared letter for letter (3.3)",
    left: "signed metadata (2.1)",
    requirements: ["R21", "R22", "R23"],
  },
  {
    name: "RFC 8628",
    title: "Device flow",
    url: rfc(8628),
    implemented: "all, with the polling schedule of 3.5",
    left: "",
    requirements: ["R48"],
  },
  {
    name: "RFC 8693",
    title: "Token exchange",
    url: rfc(8693),
    implemented: "a subject token for access tokens (2.1), for connectors that describe it",
    left: "actor tokens",
    requirements: ["R49"],
  },
  {
    name: "RFC 8705",
    title: "mTLS",
    url: rfc(8705),
    implemented: "a client certificate on `guardedFetch`",
    left: "`tls_client_auth`, endpoint aliases, bound tokens",
    requirements: ["R47"],
  },
  {
    name: "RFC 8707",
    title: "Resource indicators",
    url: rfc(8707),
    implemented: "`resource` in the authorization and every token request",
    left: "several resources in one grant",
    requirements: ["R17"],
  },
  {
    name: "RFC 9101",
    title: "Signed requests (JAR)",
    url: rfc(9101),
    implemented: "",
    left: "all of it",
    requirements: ["R16"],
  },
  {
    name: "RFC 9126",
    title: "Pushed requests (PAR)",
    url: rfc(9126),
    implemented: "where the provider has the endpoint; one that demands it and names none is refused",
    left: "",
    requirements: ["R14", "R15"],
  },
  {
    name: "RFC 9207",
    title: "Issuer in the response",
    url: rfc(9207),
    implemented: "all",
    left: "",
    requirements: ["R6", "R7"],
  },
  {
    name: "RFC 9449",
    title: "DPoP",
    url: rfc(9449),
    implemented: "",
    left: "all of it",
    requirements: ["R46"],
  },
  {
    name: "RFC 9470",
    title: "Step-up",
    url: rfc(9470),
    implemented: "`connection.stepUp(response)`: `acr_values` and `max_age`, three times at most",
    left: "",
    requirements: ["R19"],
  },
  {
    name: "RFC 9700",
    title: "Security best practice",
    url: rfc(9700),
    implemented: "as far as it concerns a client: 2.1, 2.6, 4.1 to 4.5, 4.7, 4.11, 4.12, 4.14",
    left: "sender-constrained tokens (2.2.1)",
    requirements: ["R4", "R7", "R8", "R9", "R10", "R11", "R13", "R24", "R25", "R42", "I1"],
  },
  {
    name: "RFC 9728",
    title: "Protected resource metadata",
    url: rfc(9728),
    implemented: "",
    left: "all of it",
    requirements: ["R26"],
  },
  {
    name: "OpenID Connect Core",
    title: "ID tokens and userinfo",
    url: "https://openid.net/specs/openid-connect-core-1_0.html",
    implemented:
      "the code flow with full validation (3.1.3.7), signatures with keys that are fetched again (10.1), refreshed ID tokens (12.2), userinfo (5.3.2), `prompt`, `login_hint`, `claims`, `max_age` (3.1.2.1, 5.5)",
    left: "encrypted ID tokens, hybrid and implicit flows",
    requirements: ["R30", "R37", "R38", "R39", "R40"],
  },
  {
    name: "OpenID Connect Discovery",
    title: "",
    url: "https://openid.net/specs/openid-connect-discovery-1_0.html",
    implemented: "from the issuer (4)",
    left: "WebFinger (2)",
    requirements: ["R21", "R22"],
  },
];
