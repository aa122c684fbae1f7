import { createKeeper, generateKey, type Keeper, type KeeperOptions } from "@grantkeeper/core";
import { type Connector, clientSecretBasic } from "@grantkeeper/core/connector";
import { oauth2 } from "@grantkeeper/oauth2";
import { client, scopes } from "./inputs.ts";

export type BenchmarkKeeper = Keeper<{ readonly acme: Connector }>;

/** The keeper of README.md with a connector for a provider that nothing is known of but its two endpoints. */
export function openKeeper(options: Partial<KeeperOptions<{ readonly acme: Connector }>> = {}): BenchmarkKeeper {
  return createKeeper({
    connectors: { acme: acme() },
    keys: [{ id: "benchmark", secret: generateKey() }],
    callbackUrl: "https://app.example.com/connect",
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    ...options,
  });
}

export function acme(origin = "https://acme.example"): Connector {
  const connector: Connector = oauth2({
    id: "acme",
    name: "Acme",
    clientId: client.id,
    clientAuthentication: clientSecretBasic(client.secret),
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    apiBaseUrl: origin,
    apiOrigins: [origin],
    scopes,
    rotation: { kind: "strict" },
    revocationScope: "grant",
    identify: undefined,
    docs: "https://acme.example/docs",
    checkedOn: "2026-11-26",
  });
  return origin.startsWith("http:") ? { ...connector, loopback: true } : connector;
}
