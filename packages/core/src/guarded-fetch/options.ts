import { X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { causeWithoutSecrets, GrantkeeperError } from "../errors.ts";
import { maximumBodyBytes } from "../provider/http.ts";
import { type AddressCheck, createAddressCheck } from "./addresses.ts";

/** A certificate that this client shows to a server that asks for one (RFC 8705). PEM. */
export interface ClientCertificate {
  /** With the certificates between it and its root, if there are any. */
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string;
  /** Host names that it is shown to. Left out: to every one that asks. */
  readonly hosts?: readonly string[];
}

export interface GuardedFetchOptions {
  /** Default: 443 only. */
  readonly ports?: readonly number[];
  /** Asked for each address of a host that may be called otherwise; all but `true` refuses. It allows nothing by itself. */
  readonly allow?: (host: { readonly hostname: string; readonly address: string }) => boolean;
  /**
   * Private networks in CIDR notation that may be called too, such as `10.20.0.0/16`: for an installation whose own
   * provider is there. Names without a dot may be called then. Metadata services of clouds never are.
   */
  readonly allowPrivateNetworks?: readonly string[];
  /** Of one answer, both as it was sent and as it reads once decompressed. Default 1 MiB. */
  readonly maximumBodyBytes?: number;
  /** Seconds from the call to the last byte of the answer. Default 10. The keeper's own requests have its `callTimeout`. */
  readonly timeout?: number;
  /** Certificates (PEM) to trust beside those that Node trusts. */
  readonly ca?: string | readonly string[];
  readonly clientCertificate?: ClientCertificate;
  /** Replaces DNS, in tests: all addresses of a host name. */
  readonly lookup?: (hostname: string) => Promise<readonly string[]>;
}

/** The options, checked. */
export interface Guard {
  readonly ports: readonly number[];
  readonly mayConnect: AddressCheck;
  readonly allow: NonNullable<GuardedFetchOptions["allow"]>;
  readonly allowsPrivate: boolean;
  readonly maximumBodyBytes: number;
  readonly timeoutMs: number;
  readonly lookup: NonNullable<GuardedFetchOptions["lookup"]>;
  readonly secureContextFor: (hostname: string) => SecureContext;
}

export function checkOptions(options: GuardedFetchOptions): Guard {
  const { ports = [443], allowPrivateNetworks = [], timeout = 10 } = options;
  const bytes = options.maximumBodyBytes ?? maximumBodyBytes;
  if (!ports.every((port) => Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw invalid("ports holds something else than ports.");
  }
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw invalid("maximumBodyBytes must be a number of bytes.");
  if (!(timeout > 0 && timeout <= 3_600)) throw invalid("timeout holds seconds, an hour at most.");
  return {
    ports,
    mayConnect: createAddressCheck(allowPrivateNetworks),
    allow: options.allow ?? (() => true),
    allowsPrivate: allowPrivateNetworks.length > 0,
    maximumBodyBytes: bytes,
    timeoutMs: timeout * 1000,
    lookup: options.lookup ?? lookUp,
    secureContextFor: secureContexts(options),
  };
}

async function lookUp(hostname: string): Promise<readonly string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

function secureContexts({ ca, clientCertificate }: GuardedFetchOptions): Guard["secureContextFor"] {
  try {
    const own = ca === undefined ? [] : [ca].flat();
    // A text that holds no certificate would be ignored below.
    for (const text of own) new X509Certificate(text);
    const trusted = own.length === 0 ? {} : { ca: [...getCACertificates("default"), ...own] };
    const plain = createSecureContext(trusted);
    if (clientCertificate === undefined) return () => plain;
    const { hosts, ...identity } = clientCertificate;
    const identified = createSecureContext({ ...trusted, ...identity });
    return (hostname) => (hosts === undefined || hosts.includes(hostname) ? identified : plain);
  } catch (error) {
    throw invalid("ca, or the client's certificate and key, cannot be read.", error);
  }
}

function invalid(problem: string, cause?: unknown): GrantkeeperError {
  return new GrantkeeperError(
    "invalid_config",
    `guardedFetch: ${problem}`,
    cause === undefined ? {} : { cause: causeWithoutSecrets(cause) },
  );
}
