import * as openid from "openid-client";
import type { Connector } from "../connector/types.ts";
import { causeWithoutSecrets, GrantkeeperError } from "../errors.ts";
import type { Transfer } from "./http.ts";
import type { DiscoveredMetadata } from "./server.ts";
import type { Transport } from "./transport.ts";

export interface DiscoveryOptions {
  readonly transport: Transport;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Gives what an issuer publishes about itself. */
export type Discovery = (connector: Connector, issuer: string) => Promise<DiscoveredMetadata>;

type Metadata = openid.ServerMetadata;
type Reading =
  | { readonly kind: "found"; readonly metadata: Metadata }
  | { readonly kind: "missing"; readonly status: number | undefined; readonly cause: Error };

const freshForMs = 60 * 60 * 1000;
/** For how long an issuer is left alone whose metadata are known and that cannot be reached. */
const pauseMs = 60 * 1000;

export function createDiscovery({ transport, now }: DiscoveryOptions): Discovery {
  const known = new Map<string, { readonly metadata: Metadata; readonly until: number }>();
  const flights = new Map<string, Promise<Metadata>>();

  async function discover(connector: Connector, issuer: string): Promise<DiscoveredMetadata> {
    const cached = known.get(issuer);
    if (cached !== undefined && now() < cached.until) return cached.metadata;
    const flying = flights.get(issuer);
    if (flying !== undefined) return flying;
    const flight = read(connector, issuer, cached?.metadata).finally(() => flights.delete(issuer));
    flights.set(issuer, flight);
    return flight;
  }

  /** OpenID Connect Discovery, section 4 first, then RFC 8414, section 3.1: issuers with a path differ in the two. */
  async function read(connector: Connector, issuer: string, previous: Metadata | undefined): Promise<Metadata> {
    const first = await readBy("oidc", connector, issuer);
    const other = first.kind === "missing" && first.status === 404;
    const reading = other ? await readBy("oauth2", connector, issuer) : first;
    if (reading.kind === "found") {
      known.set(issuer, { metadata: reading.metadata, until: now() + freshForMs });
      return reading.metadata;
    }
    const { status, cause } = reading;
    const unavailable = status === undefined || status >= 500 || [408, 429].includes(status);
    if (unavailable && previous !== undefined) {
      known.set(issuer, { metadata: previous, until: now() + pauseMs });
      return previous;
    }
    throw new GrantkeeperError(
      unavailable ? "provider_unavailable" : "invalid_response",
      `The metadata of the issuer of "${connector.id}" could not be read.`,
      { cause, ...(unavailable ? { retryAt: new Date(now() + 5_000) } : {}) },
    );
  }

  async function readBy(algorithm: "oidc" | "oauth2", connector: Connector, issuer: string): Promise<Reading> {
    let status: number | undefined;
    let refusal: GrantkeeperError | undefined;
    const customFetch: openid.CustomFetch = async (url, init) => {
      const sent = await transport(url, init as RequestInit);
      if (sent.kind === "unsent") refusal = sent.refusal;
      status = sent.kind === "answered" ? sent.response.status : sent.kind === "unusable" ? sent.status : undefined;
      return toResponse(sent);
    };
    let metadata: Metadata;
    try {
      const configuration = await openid.discovery(new URL(issuer), connector.clientId, undefined, openid.None(), {
        algorithm,
        [openid.customFetch]: customFetch,
        ...(connector.loopback === true ? { execute: [openid.allowInsecureRequests] } : {}),
      });
      metadata = configuration.serverMetadata();
    } catch (error) {
      // Fails closed: what is known of an issuer does not count once its host may not be called.
      if (refusal !== undefined) throw refusal;
      return { kind: "missing", status, cause: causeWithoutSecrets(error) };
    }
    // RFC 8414, section 3.3 asks for identical strings; openid-client compares URLs after normalising them.
    if (metadata.issuer === issuer) return { kind: "found", metadata };
    throw new GrantkeeperError("invalid_response", `The metadata of "${connector.id}" names another issuer.`);
  }

  return discover;
}

/** An answer as openid-client wants it. */
export function toResponse(sent: Transfer): Response {
  if (sent.kind !== "answered") throw sent.cause;
  const { status, body } = sent.response;
  return Response.json(body ?? null, { status });
}
