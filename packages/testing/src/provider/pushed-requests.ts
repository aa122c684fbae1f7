import { randomBytes } from "node:crypto";

/** Authorization requests that a client has pushed (RFC 9126), in memory. */
export interface PushedRequests {
  /** Returns the `request_uri`. */
  readonly add: (parameters: ReadonlyMap<string, string>, at: number) => string;
  /** Spends a `request_uri`; `undefined` for one that is unknown, was used, or has expired. */
  readonly take: (requestUri: string, at: number) => ReadonlyMap<string, string> | undefined;
}

/** For how long a pushed request is kept. */
export const lifetimeSeconds = 60;

export function createPushedRequests(): PushedRequests {
  const pushed = new Map<string, { readonly parameters: ReadonlyMap<string, string>; readonly expiresAt: number }>();
  return {
    add: (parameters, at) => {
      const requestUri = `urn:ietf:params:oauth:request_uri:${randomBytes(24).toString("base64url")}`;
      pushed.set(requestUri, { parameters, expiresAt: at + lifetimeSeconds * 1000 });
      return requestUri;
    },
    take: (requestUri, at) => {
      const found = pushed.get(requestUri);
      pushed.delete(requestUri);
      return found !== undefined && at < found.expiresAt ? found.parameters : undefined;
    },
  };
}
