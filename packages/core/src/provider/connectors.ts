import type { Connector } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import { isSecret } from "../secret.ts";
import { isHostOfParams } from "./host-of-params.ts";
import { assertCallable, expandTemplate, type Server, serverOf } from "./server.ts";

/** Which client a grant was given to, and where. */
export interface GrantOrigin {
  readonly connector: string;
  readonly clientId: string;
  readonly tokenEndpoint: string;
  readonly issuer: string | undefined;
}

/** The connectors of a keeper, by the application's keys. */
export interface Connectors {
  get(key: string): Connector;
  /** `undefined` for a row of a connector that is no longer configured. */
  find(key: string): Connector | undefined;
  /**
   * Refuses a connector whose client or token endpoint is not the one that the grant was given to, before any request:
   * a wrong deployment would otherwise end every grant it touches.
   */
  assertSameClient(grant: GrantOrigin, connector: Connector, server: Server): void;
}

export interface ConnectorsOptions {
  /** Whether requests go to public addresses only, whatever host they name. */
  readonly fetchIsGuarded: boolean;
}

export function createConnectors(
  connectors: Readonly<Record<string, Connector>>,
  { fetchIsGuarded }: ConnectorsOptions = { fetchIsGuarded: false },
): Connectors {
  const known = new Map(Object.entries(connectors));
  for (const [key, connector] of known) validate(key, connector, fetchIsGuarded);
  return {
    find: (key) => known.get(key),
    get(key) {
      const connector = known.get(key);
      if (connector !== undefined) return connector;
      throw new GrantkeeperError("invalid_request", "There is no connector of that name.");
    },
    assertSameClient(grant, connector, server) {
      const same =
        grant.clientId === connector.clientId &&
        grant.tokenEndpoint === server.tokenEndpoint &&
        grant.issuer === server.issuer;
      if (same) return;
      throw new GrantkeeperError(
        "invalid_config",
        `This connection was made with another client or server than connector "${grant.connector}" now has. Nothing was sent.`,
        { connector: grant.connector },
      );
    },
  };
}

/** Checks the params of a start: each one that the connector names, matching its pattern, and no other. */
export function checkParams(
  connector: Connector,
  params: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const patterns = new Map<string, RegExp>(Object.entries(connector.params));
  for (const name of Object.keys(params)) {
    if (!patterns.has(name))
      throw new GrantkeeperError("invalid_request", "A param is given that this connector does not have.");
  }
  return Object.fromEntries(
    [...patterns].map(([name, pattern]) => {
      const value = Object.hasOwn(params, name) ? params[name] : undefined;
      if (typeof value !== "string" || value.length > 255 || !matchesWhole(pattern, value)) {
        throw new GrantkeeperError("invalid_request", `Param "${name}" is missing or malformed.`);
      }
      return [name, value];
    }),
  );
}

/**
 * `^a|b$` has both anchors and fixes neither end: only a match of the whole value counts. And whatever the pattern says,
 * nothing that ends a host name or a path segment, or that means another segment, gets into a URL.
 */
function matchesWhole(pattern: RegExp, value: string): boolean {
  return pattern.exec(value)?.[0] === value && !/[\s\p{Cc}/\\?#@%:]|^\.{1,2}$/u.test(value);
}

function isFilled(secret: unknown): boolean {
  const value: unknown = isSecret(secret) ? secret.reveal() : undefined;
  return typeof value === "string" && value !== "";
}

function validate(key: string, connector: Connector, fetchIsGuarded: boolean): void {
  const refuse = (problem: string): never => {
    throw new GrantkeeperError("invalid_config", `Connector "${key}": ${problem}`);
  };
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/i.test(key)) refuse("its key may hold letters, digits, - and _ only.");
  if (key === "callback") refuse("its key is the last part of every callback URL: choose another.");
  if (typeof connector.clientId !== "string" || connector.clientId === "") refuse("clientId is empty.");
  const { clientAuthentication } = connector;
  if (typeof clientAuthentication?.method !== "string") {
    refuse(
      "clientAuthentication is missing: give clientSecretPost(…), clientSecretBasic(…) or noClientAuthentication.",
    );
  }
  if ("secret" in clientAuthentication && !isFilled(clientAuthentication.secret))
    refuse("the client's secret is empty.");
  if ("audience" in clientAuthentication && (clientAuthentication.audience ?? connector.issuer ?? "") === "") {
    refuse("it has no issuer, so that its client authentication needs an audience.");
  }
  for (const [name, pattern] of Object.entries<RegExp>(connector.params)) {
    const anchored = pattern.source.startsWith("^") && pattern.source.endsWith("$");
    // Flags g and y keep a position between tests; m lets ^ and $ match inside.
    if (!anchored || /[gym]/.test(pattern.flags))
      refuse(`the pattern of param "${name}" is not anchored with ^ and $.`);
  }
  if (!fetchIsGuarded && isHostOfParams(connector)) {
    refuse("its params decide which host is called. Give fetch: guardedFetch() of @grantkeeper/core/guarded-fetch.");
  }
  const placeholders = Object.fromEntries(Object.keys(connector.params).map((name) => [name, "param"]));
  const issuer = connector.issuer === undefined ? undefined : expandTemplate(connector.issuer, placeholders);
  // What an issuer publishes is not read before it is needed; until then the issuer stands in for it.
  serverOf(connector, placeholders, { authorization_endpoint: issuer, token_endpoint: issuer });
  for (const origin of connector.apiOrigins) {
    const url = expandTemplate(origin, placeholders);
    assertCallable(connector, "An API origin", url);
    if (new URL(url).origin !== url) refuse("apiOrigins holds something else than an origin.");
  }
  for (const scope of connector.scopes) {
    if (typeof scope !== "string" || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))
      refuse("a scope holds characters that RFC 6749 forbids.");
  }
}
