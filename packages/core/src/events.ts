import type { ErrorCode } from "./errors.ts";
import type { ReauthorizationReason } from "./grant/grants.ts";
import type { RevocationOutcome } from "./grant/revocation.ts";

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
}

export interface ConnectionEvent {
  readonly at: Date;
  readonly connector: string;
  readonly connectionId: string;
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
  on<Name extends EventName>(name: Name, listener: (event: ConnectionEvents[Name]) => void): () => void;
  emit<Name extends EventName>(name: Name, event: Omit<ConnectionEvents[Name], "at">): void;
}

/** Delivers to this process's listeners at once and at best effort; one that throws disturbs nobody else. */
export function createEvents(now: () => number, logger: Logger): Events {
  const listeners = new Map<EventName, Set<(event: never) => void>>();
  return {
    on(name, listener) {
      const known = listeners.get(name) ?? new Set();
      listeners.set(name, known.add(listener));
      return () => known.delete(listener);
    },
    emit(name, event) {
      const { connector, connectionId } = event;
      logger.debug(name, { connector, connectionId });
      for (const listener of listeners.get(name) ?? []) {
        const failed = (error: unknown): void =>
          logger.error("An event listener threw", {
            event: name,
            error: error instanceof Error ? error.name : typeof error,
          });
        try {
          // An async function is a listener too: its rejection must not end the process.
          Promise.resolve(listener({ ...event, at: new Date(now()) } as never) as unknown).catch(failed);
        } catch (error) {
          failed(error);
        }
      }
    },
  };
}
