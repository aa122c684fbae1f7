import { type Certificate, type CertificateAuthority, createAuthority } from "../../test/certificates.ts";
import { startTlsServer, type TlsServer } from "../../test/tls-server.ts";
import { guardedFetch } from "../guarded-fetch.ts";
import type { GuardedFetchOptions } from "../options.ts";

export const authority: CertificateAuthority = createAuthority();
export const certificate: Certificate = authority.issue(["provider.example", "127.0.0.1"]);

/** A guard that takes the test's own server for a host that may be called. */
export function guardFor({ port }: TlsServer, options: GuardedFetchOptions = {}): typeof fetch {
  return guardedFetch({
    ports: [port],
    ca: authority.cert,
    allowPrivateNetworks: ["127.0.0.1/32"],
    lookup: async () => ["127.0.0.1"],
    ...options,
  });
}

export interface GuardedProvider {
  readonly server: TlsServer;
  readonly guarded: typeof fetch;
  /** Of provider.example. */
  readonly url: string;
}

/** A server of provider.example, and a guard that reaches it. */
export async function startProvider(
  answer: Parameters<typeof startTlsServer>[1],
  options?: GuardedFetchOptions,
): Promise<GuardedProvider> {
  const server = await startTlsServer(certificate, answer);
  return { server, guarded: guardFor(server, options), url: `https://provider.example:${server.port}/token?x=1` };
}

/** What lies behind fetch's own error; fails itself for any other. */
export async function causeOf(action: Promise<unknown>): Promise<unknown> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TypeError)) throw new Error("The error is not a TypeError.", { cause: error });
  return error.cause;
}
