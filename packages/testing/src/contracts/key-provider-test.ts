import type { KeyProvider } from "@grantkeeper/core";
import type { ServiceFront } from "./key-service-front.ts";

/** A key for one test. */
export interface KeyProviderUnderTest {
  /** A new client of the key, as each process of an application makes its own. All of them have the same id. */
  readonly client: (how: KeyClientOptions) => KeyProvider;
  /** A client of another key that has the same id. */
  readonly stranger: (how: KeyClientOptions) => KeyProvider;
  /** The service that keeps the key. Left out: the clients hold it themselves. */
  readonly service?: KeyServiceUnderTest;
  /** Removes what the test left. */
  readonly dispose: () => Promise<void>;
}

export interface KeyClientOptions {
  /** Where this client finds the service, `http://127.0.0.1:PORT`; empty where there is none. */
  readonly address: string;
  /** Seconds for one call. No call is sent again within it. */
  readonly timeout: number;
}

/** A service of the loopback interface that speaks HTTP and keeps a key. */
export interface KeyServiceUnderTest {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  /** The body of its answer to a client that wrapped. */
  readonly wrappedBody: (wrapped: Uint8Array) => string;
  /** The body of its answer to a client that unwrapped. */
  readonly unwrappedBody: (key: Uint8Array) => string;
  /** The body of an answer that says in such words that it cannot work now. */
  readonly failureBody: (words: string) => string;
  /** Gives the key a new version, which wraps from then on. What earlier ones have wrapped still unwraps. */
  readonly rotate: () => void;
  /** Closes the key to these clients, as an administrator does, and returns what opens it again. */
  readonly disable: () => () => void;
  /** Retires the versions before the present one: nothing unwraps with them. Returns what brings them back. */
  readonly retire?: () => () => void;
}

export interface KeyProviderTest {
  /** A new client; `timeout` in seconds, long if left out. */
  readonly client: (timeout?: number) => KeyProvider;
  readonly stranger: () => KeyProvider;
}

export interface KeyServiceTest extends KeyProviderTest {
  readonly service: KeyServiceUnderTest;
  /** What stands between the service and its clients. */
  readonly front: ServiceFront;
}

export type KeyProviderTestFunction = (name: string, run: (it: KeyProviderTest) => Promise<void>) => void;
export type KeyServiceTestFunction = (name: string, run: (it: KeyServiceTest) => Promise<void>) => void;
