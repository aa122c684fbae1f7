import type { ErrorCode } from "@grantkeeper/core";
import type { Json } from "@grantkeeper/core/connector";
import { drip, endless, gzipBomb, redirect, rewritten, silence, text } from "../answers.ts";
import type { Answer, Attack, HostileWorld } from "../attack.ts";

const unusable: readonly ErrorCode[] = ["invalid_response"];
const tolerated: readonly ErrorCode[] = [];
const misconfigured: readonly ErrorCode[] = ["invalid_config", "invalid_response"];

/** Metadata of the issuer (RFC 8414, section 3.3; OpenID Connect Discovery, section 4.3). */
export const discoveryAttacks: readonly Attack[] = [
  named("oidcc-client-test-discovery-issuer-mismatch", "is another host", ({ bystander }) => bystander),
  named("discovery-issuer-trailing-slash", "has a slash at its end", ({ issuer }) => `${issuer}/`),
  named("discovery-issuer-case", "is in capitals", ({ issuer }) => issuer.toUpperCase()),
  named("discovery-issuer-host-spelled-otherwise", "has the same host in another spelling", ({ issuer }) =>
    issuer.replace("127.0.0.1", "0X7F000001"),
  ),
  named("discovery-issuer-port-padded", "has a port with a zero before it", ({ issuer }) =>
    issuer.replace(/:(\d+)$/, ":0$1"),
  ),
  named("discovery-issuer-missing", "is not there", () => undefined),
  placed("discovery-http-authorization-endpoint", "authorization_endpoint", () => "http://example.com/authorize"),
  placed("discovery-http-token-endpoint", "token_endpoint", () => "http://example.com/token"),
  placed("discovery-http-userinfo-endpoint", "userinfo_endpoint", () => "http://example.com/userinfo"),
  placed("discovery-http-revocation-endpoint", "revocation_endpoint", () => "http://example.com/revoke"),
  placed("discovery-http-jwks", "jwks_uri", () => "http://example.com/jwks"),
  placed("discovery-token-endpoint-at-private-address", "token_endpoint", () => "http://169.254.169.254/token"),
  placed("discovery-token-endpoint-file", "token_endpoint", () => "file:///etc/passwd"),
  placed("discovery-authorization-endpoint-javascript", "authorization_endpoint", () => "javascript:alert(1)"),
  placed("discovery-authorization-endpoint-data", "authorization_endpoint", () => "data:text/html,hello"),
  placed(
    "discovery-token-endpoint-with-credentials",
    "token_endpoint",
    () => "https://user:password@example.com/token",
  ),
  placed("discovery-token-endpoint-relative", "token_endpoint", () => "/token"),
  placed("discovery-token-endpoint-not-a-string", "token_endpoint", () => 1),
  placed("discovery-authorization-endpoint-a-list", "authorization_endpoint", ({ issuer }) => [`${issuer}/authorize`]),
  placed("discovery-jwks-not-a-string", "jwks_uri", () => ({ href: "https://example.com/jwks" })),
  placed("discovery-token-endpoint-missing", "token_endpoint", () => undefined),
  {
    ...placed("discovery-only-plain-challenges", "code_challenge_methods_supported", () => ["plain"]),
    requirement: "R2",
    summary: "Metadata: of the methods of PKCE, only plain is there.",
  },
  {
    ...placed("discovery-no-challenges", "code_challenge_methods_supported", () => []),
    requirement: "R2",
    summary: "Metadata: no method of PKCE is there.",
  },
  {
    ...placed(
      "discovery-token-endpoint-at-another-host",
      "token_endpoint",
      ({ issuer }) => `${issuer.replace("127.0.0.1", "localhost")}/token`,
    ),
    expected: [],
    summary: "Metadata: the token endpoint is at another host. RFC 8414 allows it: the issuer says so itself.",
  },
  answered(
    "discovery-proto",
    "Metadata: what is missing stands under __proto__.",
    unusable.concat("invalid_config"),
    rewritten((body, { world }) =>
      body.replace(
        '"token_endpoint":',
        `"__proto__":{"token_endpoint":"${world.bystander}/token","polluted":true},"no_endpoint":`,
      ),
    ),
    "R57",
  ),
  ...[301, 302, 303, 307, 308].map((status) =>
    answered(
      `discovery-redirect-${status}`,
      `Metadata: they are at the bystander (${status}).`,
      unusable,
      redirect(status),
      "R23",
    ),
  ),
  answered("discovery-not-json", "Metadata: they are a page.", unusable, text("<html>")),
  answered("discovery-list", "Metadata: they are a list.", unusable, text("[]", { type: "application/json" })),
  answered("discovery-null", "Metadata: they are null.", unusable, text("null", { type: "application/json" })),
  answered("discovery-empty", "Metadata: they are empty.", unusable, text("")),
  answered("discovery-endless", "Metadata: they do not end.", unusable, endless("a"), "R29"),
  answered("discovery-gzip-bomb", "Metadata: they are small, and large once inflated.", unusable, gzipBomb, "R29"),
  answered(
    "discovery-nested-deeply",
    "Metadata: a field that nobody asked for is nested 100,000 times.",
    tolerated,
    rewritten((body) => body.replace("{", `{"deep":${"[".repeat(100_000)}${"]".repeat(100_000)},`)),
    "R57",
  ),
  {
    ...answered(
      "discovery-slow-drip",
      "Metadata: they come byte by byte, and never whole.",
      ["provider_unavailable"],
      drip,
      "R29",
    ),
    stalls: true,
  },
  {
    ...answered("discovery-silence", "Metadata: nothing comes.", ["provider_unavailable"], silence, "R29"),
    stalls: true,
  },
];

function named(name: string, how: string, issuerOf: (world: HostileWorld) => string | undefined): Attack {
  return {
    ...placed(name, "issuer", issuerOf),
    requirement: "R22",
    expected: unusable,
    summary: `Metadata: the issuer ${how}.`,
  };
}

function placed(name: string, field: string, valueIn: (world: HostileWorld) => Json | undefined): Attack {
  return {
    ...{ name, requirement: "R23", leg: "discovery", expected: misconfigured },
    summary: `Metadata: ${field} is what no client may take.`,
    tampering: {
      metadata(metadata, world) {
        const { [field]: _, ...rest } = metadata;
        const value = valueIn(world);
        return value === undefined ? rest : { ...rest, [field]: value };
      },
    },
  };
}

function answered(
  name: string,
  summary: string,
  expected: readonly ErrorCode[],
  discovery: Answer,
  requirement = "R36",
): Attack {
  return { name, requirement, leg: "discovery", expected, summary, tampering: { answers: { discovery } } };
}
