import { currentActor } from "./actor.ts";
import type { ErrorCode } from "./errors.ts";
import type { ReauthorizationReason } from "./grant/grant.ts";
import type { RevocationOutcome } from "./grant/revocation.ts";
import type { Subject } from "./grant/subject.ts";

/** What happened to a connection. No event holds a secret. */
export interface ConnectionEvents {
  readonly "connection.connected": ConnectionEvent;
  readonly "connection.reconnected": ConnectionEvent;
  readonly "connection.refreshed": ConnectionEvent & { readonly tokenSet: string };
  readonly "connection.refresh_failed": ConnectionEvent & { readonly tokenSet: string; readonly code: ErrorCode };
  readonly "connection.scopes_changed": ConnectionEvent & {
    readonly tokenSet: string;
    readonly granted: readonly string[];
    readonly missing: readonly string[];
  };
  readonly "connection.needs_reauthorization": ConnectionEvent & {
    readonly tokenSet: string;
    readonly reason: ReauthorizationReason;
  };
  readonly "connection.disconnected": ConnectionEvent & { readonly revocation: RevocationOutcome };
  /** Its tokens were ended at the provider. */
  readonly "connection.revoked": ConnectionEvent;
  readonly "connection.erased": ConnectionEvent & { readonly revocation: RevocationOutcome };
  /** What is stored of it was changed, moved or sealed under a key that is not configured. Once for each state of a row. */
  readonly "connection.decryption_failed": ConnectionEvent;
  readonly "connection.keys_rotated": ConnectionEvent;
  /** An access token was handed out. Only told while somebody listens. */
  readonly "connection.token_read": ConnectionEvent & { readonly tokenSet: string };
}

export interface ConnectionEvent {
  readonly at: Date;
  readonly connector: string;
  readonly connectionId: string;
  /** Who acted, as the application said by `keeper.by` or `keeper.as`. */
  readonly actor: string | undefined;
}

export type EventName = keyof ConnectionEvents;

/** The shape of `console`. Fields hold no secret. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Events {
  on<Name extends EventName>(
    name: Name,
    listener: (event: ConnectionEvents[Name], subject: Subject | undefined) => void,
  ): () => void;
  emit<Name extends EventName>(
    name: Name,
    event: Omit<ConnectionEvents[Name], "at" | "actor">,
    subject: Subject | undefined,
  ): void;
  /** Whether anybody listens for it. */
  isWanted(name: EventName): boolean;
}

/** Delivers to this process's listeners at once and at best effort; one that throws disturbs nobody else. */
export function createEvents(now: () => number, logger: Logger): Events {
  const listeners: { [Name in EventName]?: Set<(event: never, subject: Subject | undefined) => void> } = {};
  return {
    on(name, listener) {
      const known = (listeners[name] ?? new Set()).add(listener);
      listeners[name] = known;
      return () => known.delete(listener);
    },
    isWanted: (name) => (listeners[name]?.size ?? 0) > 0,
    emit(name, event, subject) {
      const { connector, connectionId } = event;
      const told = { ...event, actor: currentActor() };
      const at = now();
      logger.debug(name, { connector, connectionId });
      for (const listener of listeners[name] ?? []) {
        const failed = (error: unknown): void =>
          logger.error("An event listener threw", {
            event: name,
            error: error instanceof Error ? error.name : typeof error,
          });
        try {
          // An async function is a listener too: its rejection must not end the process.
          Promise.resolve(listener({ ...told, at: new Date(at) } as never, subject) as unknown).catch(failed);
        } catch (error) {
          failed(error);
        }
      }
    },
  };
}
