import type { JsonObject } from "../connector/json.ts";
import type { SignInWishes } from "../provider/authorization-url.ts";
import type { UnreadRequest } from "./read-text.ts";

export interface FlowStart extends SignInWishes {
  readonly owner: string;
  /** Scopes beside those of the connector: of the `default` token set, or by token set. A reconnect asks for them again. */
  readonly scopes?: readonly string[] | Readonly<Record<string, readonly string[]>> | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** A path of the application, where the browser goes in the end. Left out: `/`. */
  readonly returnTo?: string | undefined;
  /** Reconnects this connection, and no other account than its own. */
  readonly connectionId?: string | undefined;
  /** Kept with the connection, for the application. */
  readonly metadata?: JsonObject | undefined;
  /** The request that starts the flow: its cookie is used again, so that several tabs can connect at once. */
  readonly request?: { readonly headers: { get(name: string): string | null } } | undefined;
}

export interface StartedFlow {
  /** Where to send the browser. */
  readonly url: URL;
  /** To be set on the answer: the cookie that binds the flow to this browser. */
  readonly headers: Headers;
}

export interface FinishedFlow {
  readonly connectorKey: string;
  readonly connectionId: string;
  readonly returnTo: string;
}

/** A web-standard `Request`, or as much of it as is needed. */
export interface CallbackRequest extends UnreadRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers: { get(name: string): string | null };
}
