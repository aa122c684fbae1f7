import type { IncomingMessage, ServerResponse } from "node:http";
import { type Connector, clientSecretBasic, defineConnector } from "@grantkeeper/core/connector";
import type { MarkedSecret } from "../secrets/find-secrets.ts";
import { answerJson } from "./answers.ts";
import type { HostileAttack, HostileWorld, Tampering } from "./attack.ts";
import { attackNamed, withoutTampering } from "./attacks.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { answerAt, endpointOf } from "./endpoints.ts";
import { type HostileRequest, listen } from "./listener.ts";
import { signingKeys } from "./signing-keys.ts";

export interface HostileProviderOptions {
  /** The name of one of `hostileAttacks`, or `none`: then everything is as it should be. */
  readonly attack: string;
  /** Left out: `hostile-client`. */
  readonly clientId?: string;
  /** At least 8 characters. Left out: one of its own. */
  readonly clientSecret?: string;
  /** Unix milliseconds. Left out: the machine's clock. */
  readonly now?: () => number;
}

/** A provider on the loopback interface that is honest but for one attack. */
export interface HostileProvider {
  /** For `createKeeper`: an issuer, found by discovery, with the scope `openid`. */
  readonly connector: Connector<never, never>;
  /** `http://127.0.0.1:PORT`, the issuer too. */
  readonly origin: string;
  /** `undefined` where it is honest. */
  readonly attack: HostileAttack | undefined;
  /** What it was asked, in order. */
  readonly requests: readonly HostileRequest[];
  /** Another host, which nobody was told to talk to: what it is sent was led astray. */
  readonly bystander: { readonly origin: string; readonly requests: readonly HostileRequest[] };
  /** How many bytes it could send so far, headers included. */
  readonly sentBytes: () => number;
  /** What was issued or sent so far and may be seen nowhere else; for `findSecrets`. */
  readonly secrets: () => readonly MarkedSecret[];
  /** Signs in and consents, as a browser would, and returns the callback URL that it would go to. */
  readonly signIn: (authorizationUrl: string | URL) => Promise<URL>;
  /** From now on it is honest. */
  readonly relent: () => void;
  readonly close: () => Promise<void>;
}

/**
 * Starts an OpenID provider with one client and one account that plays the protocol correctly, strict rotation included,
 * except for the attack that it was given. For tests: throws under NODE_ENV=production, and for an attack that is unknown.
 */
export async function startHostileProvider(options: HostileProviderOptions): Promise<HostileProvider> {
  if (process.env["NODE_ENV"] === "production")
    throw new Error("This provider does not start under NODE_ENV=production.");
  const { clientId = "hostile-client", clientSecret = "secret-of-the-hostile-client", now = Date.now } = options;
  const attack = options.attack === "none" ? undefined : attackNamed(options.attack);
  let tampering: Tampering = attack?.tampering ?? {};

  const bystander = await listen((_request, response) => answerJson(response, {}));
  const handle: { answer?: (request: IncomingMessage, response: ServerResponse, body: string) => void } = {};
  const listener = await listen((request, response, { body }) => handle.answer?.(request, response, body));
  const { origin } = listener;
  const world: HostileWorld = {
    ...{ issuer: origin, bystander: bystander.origin, clientId, clientSecret, now },
    keys: signingKeys(),
  };
  const authorizationServer = createAuthorizationServer(world);
  handle.answer = (request, response, body) => {
    const form = new URLSearchParams(body);
    const endpoint = endpointOf(request, form);
    // What strikes at a refresh leaves the exchange of the code alone.
    const spared = attack?.leg === "refresh" && endpoint === "token";
    answerAt(endpoint, { request, response, form, world, authorizationServer, tampering: spared ? {} : tampering });
  };

  return {
    connector: connectorOf(world),
    origin,
    attack: attack === undefined ? undefined : withoutTampering(attack),
    requests: listener.requests,
    bystander: { origin: bystander.origin, requests: bystander.requests },
    sentBytes: listener.sentBytes,
    secrets: authorizationServer.secrets,
    async signIn(authorizationUrl) {
      const response = await fetch(authorizationUrl, { redirect: "manual" });
      await response.body?.cancel();
      const location = response.headers.get("location");
      if (location === null) throw new Error(`The authorization endpoint answered ${response.status}.`);
      return new URL(location);
    },
    relent: () => {
      tampering = {};
    },
    close: async () => {
      await Promise.all([listener.close(), bystander.close()]);
    },
  };
}

function connectorOf({ issuer, clientId, clientSecret }: HostileWorld): Connector<never, never> {
  return defineConnector<never, never>({
    id: "hostile",
    name: "Hostile provider",
    clientId,
    clientAuthentication: clientSecretBasic(clientSecret),
    pkce: "S256",
    issuer,
    apiBaseUrl: `${issuer}/api/`,
    apiOrigins: [issuer],
    scopes: ["openid", "profile", "offline_access"],
    scopeSeparator: " ",
    tokenSets: {},
    params: {},
    rotation: { kind: "strict" },
    revocationScope: "token",
    accessTokenLifetime: 300,
    docs: "https://openid.net/specs/openid-connect-core-1_0.html",
    checkedOn: "2026-11-26",
    loopback: true,
  });
}
