import type { Connector } from "../connector/types.ts";
import { causeWithoutSecrets, GrantkeeperError, isGrantkeeperError } from "../errors.ts";
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

/** The connector of an owner's own client at the provider, "bring your own app". */
export type ConnectorOfOwner<C extends Connector = Connector> = (tenant: { readonly owner: string }) => C | Promise<C>;

/** The connectors of a keeper, by the application's keys. */
export interface Connectors {
  /** Throws `invalid_request` for a key that there is none of. */
  assertKnown(key: string): void;
  get(key: string, owner: string): Promise<Connector>;
  /** `undefined` for a row of a connector that is no longer configured. */
  find(key: string, owner: string): Promise<Connector | undefined>;
  /** As it was when it was last asked for: what must not wait for the application's code. */
  lastKnown(key: string, owner: string): Connector | undefined;
  /** Whether the owner decides about the client. */
  isOfOwner(key: string): boolean;
  /**
   * Refuses a connector whose client or token endpoint is not the one that the grant was given to, before any request:
   * a wrong deployment would otherwise end every grant it touches.
   */
  assertSameClient(grant: GrantOrigin, connector: Connector, server: Server): void;
}

export interface ConnectorsOptions {
  readonly now: () => number;
  /** For how long the connector of an owner is remembered. */
  readonly cacheForMs: number;
  /** Whether requests go to public addresses only, whatever host they name. */
  readonly fetchIsGuarded: boolean;
}

const rememberedOwners = 10_000;

export function createConnectors(
  connectors: Readonly<Record<string, Connector | ConnectorOfOwner>>,
  { now, cacheForMs, fetchIsGuarded }: ConnectorsOptions,
): Connectors {
  const known = new Map(Object.entries(connectors));
  for (const [key, connector] of known) {
    checkKey(key);
    if (typeof connector !== "function") validate(key, connector, fetchIsGuarded);
  }
  const remembered = new Map<string, { readonly connector: Connector; readonly at: number }>();
  const asked = new Map<string, Promise<Connector>>();

  async function find(key: string, owner: string): Promise<Connector | undefined> {
    const found = known.get(key);
    if (typeof found !== "function") return found;
    const name = nameOf(key, owner);
    const last = remembered.get(name);
    if (last !== undefined && now() - last.at < cacheForMs && now() >= last.at) return last.connector;
    let asking = asked.get(name);
    if (asking === undefined) {
      asking = ask(key, found, owner, name).finally(() => asked.delete(name));
      asked.set(name, asking);
    }
    return asking;
  }

  async function ask(key: string, connectorOf: ConnectorOfOwner, owner: string, name: string): Promise<Connector> {
    const at = now();
    let connector: Connector;
    try {
      connector = await connectorOf({ owner });
    } catch (error) {
      if (isGrantkeeperError(error)) throw error;
      throw new GrantkeeperError("connector_unavailable", "The application could not give this owner's connector.", {
        connector: key,
        cause: causeWithoutSecrets(error),
        retryAt: new Date(now() + 1_000),
      });
    }
    if (remembered.get(name)?.connector !== connector) validate(key, connector, fetchIsGuarded);
    remembered.delete(name);
    remembered.set(name, { connector, at });
    const [oldest] = remembered.keys();
    if (remembered.size > rememberedOwners && oldest !== undefined) remembered.delete(oldest);
    return connector;
  }

  return {
    find,
    async get(key, owner) {
      const connector = await find(key, owner);
      if (connector !== undefined) return connector;
      throw unknownConnector();
    },
    lastKnown(key, owner) {
      const found = known.get(key);
      return typeof found === "function" ? remembered.get(nameOf(key, owner))?.connector : found;
    },
    assertKnown(key) {
      if (!known.has(key)) throw unknownConnector();
    },
    isOfOwner: (key) => typeof known.get(key) === "function",
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

function nameOf(key: string, owner: string): string {
  return `${key}/${owner}`;
}

function unknownConnector(): GrantkeeperError {
  return new GrantkeeperError("invalid_request", "There is no connector of that name.");
}

/** Checks what `keeper.connect` is given: each field that the connector names, matching its pattern, and no other. */
export function checkCredentials(
  { credentials: grant }: Connector,
  given: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  if (grant === undefined) {
    throw new GrantkeeperError("invalid_request", "This connector takes no credentials: use keeper.start.");
  }
  const patterns = new Map<string, RegExp>(Object.entries(grant.fields));
  if (Object.keys(given).some((name) => !patterns.has(name))) {
    throw new GrantkeeperError("invalid_request", "A credential is given that this connector does not have.");
  }
  return Object.fromEntries(
    [...patterns].map(([name, pattern]) => {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      const fits = typeof value === "string" && value.length <= 65_536 && pattern.exec(value)?.[0] === value;
      if (fits) return [name, value];
      throw new GrantkeeperError("invalid_request", `Credential "${name}" is missing or malformed.`);
    }),
  );
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

function checkKey(key: string): void {
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/i.test(key)) refuse(key, "its key may hold letters, digits, - and _ only.");
  if (key === "callback") refuse(key, "its key is the last part of every callback URL: choose another.");
}

function refuse(key: string, problem: string): never {
  throw new GrantkeeperError("invalid_config", `Connector "${key}": ${problem}`);
}

/** Flags g and y keep a position between tests; m lets ^ and $ match inside. */
function isAnchored(pattern: RegExp): boolean {
  return pattern.source.startsWith("^") && pattern.source.endsWith("$") && !/[gym]/.test(pattern.flags);
}

function validate(key: string, connector: Connector, fetchIsGuarded: boolean): void {
  if (typeof connector?.clientId !== "string" || connector.clientId === "") refuse(key, "clientId is empty.");
  const { clientAuthentication, credentials } = connector;
  if (typeof clientAuthentication?.method !== "string") {
    refuse(
      key,
      "clientAuthentication is missing: give clientSecretPost(…), clientSecretBasic(…) or noClientAuthentication.",
    );
  }
  if ("secret" in clientAuthentication && !isFilled(clientAuthentication.secret))
    refuse(key, "the client's secret is empty.");
  if ("audience" in clientAuthentication && (clientAuthentication.audience ?? connector.issuer ?? "") === "") {
    refuse(key, "it has no issuer, so that its client authentication needs an audience.");
  }
  const patterns = { ...connector.params, ...credentials?.fields };
  for (const [name, pattern] of Object.entries<RegExp>(patterns)) {
    if (!isAnchored(pattern)) refuse(key, `the pattern of "${name}" is not anchored with ^ and $.`);
  }
  const isChecked = connector.identify?.request !== undefined || connector.userinfoEndpoint !== undefined;
  if (credentials?.kind === "static" && !isChecked) {
    refuse(key, "its credentials can be checked nowhere: it needs identify.request.");
  }
  if (connector.tokenHeader !== undefined && !/^[a-z][a-z0-9-]{0,63}$/i.test(connector.tokenHeader)) {
    refuse(key, "tokenHeader is not the name of a header.");
  }
  if (!fetchIsGuarded && isHostOfParams(connector)) {
    refuse(
      key,
      "its params decide which host is called. Give fetch: guardedFetch() of @grantkeeper/core/guarded-fetch.",
    );
  }
  if (connector.resource !== undefined && (!URL.canParse(connector.resource) || connector.resource.includes("#"))) {
    refuse(key, "resource is not an absolute URI without a fragment.");
  }
  const placeholders = Object.fromEntries(Object.keys(connector.params).map((name) => [name, "param"]));
  const issuer = connector.issuer === undefined ? undefined : expandTemplate(connector.issuer, placeholders);
  // What an issuer publishes is not read before it is needed; until then the issuer stands in for it.
  serverOf(connector, placeholders, { authorization_endpoint: issuer, token_endpoint: issuer });
  for (const origin of connector.apiOrigins) {
    const url = expandTemplate(origin, placeholders);
    assertCallable(connector, "An API origin", url);
    if (new URL(url).origin !== url) refuse(key, "apiOrigins holds something else than an origin.");
  }
  for (const scope of connector.scopes)
    checkScope(scope, () => refuse(key, "a scope holds characters that RFC 6749 forbids."));
}

/** RFC 6749, section 3.3. */
export function checkScope(scope: unknown, refused: () => never): void {
  if (typeof scope !== "string" || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) refused();
}
