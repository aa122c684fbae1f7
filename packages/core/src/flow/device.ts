import type { JsonObject } from "../connector/json.ts";
import type { Environment } from "../environment.ts";
import { GrantkeeperError } from "../errors.ts";
import { addScopes, requestedScopes } from "../grant/scopes.ts";
import { type Connectors, checkParams } from "../provider/connectors.ts";
import { tokenRequestError } from "../provider/errors.ts";
import type { TokenOutcome } from "../provider/token-answer.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import type { Complete, Request } from "./complete.ts";
import { checkOwner } from "./flow.ts";

export interface DeviceStart {
  readonly owner: string;
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** Scopes beside those of the connector. */
  readonly scopes?: readonly string[] | undefined;
  /** Kept with the connection, for the application. */
  readonly metadata?: JsonObject | undefined;
}

/** A sign-in on another device (RFC 8628): show `userCode` and `verificationUri`, then wait for the connection. */
export interface StartedDevice {
  readonly userCode: string;
  readonly verificationUri: string;
  /** The same with the code in it, for a QR code or a link. */
  readonly verificationUriComplete: string | undefined;
  readonly expiresAt: Date;
  /** Polls until the user has decided, and returns the connection's id. All who ask get the same; none left, polling stops. */
  readonly connected: (signal?: AbortSignal) => Promise<string>;
}

export interface DeviceFlowOptions {
  readonly connectors: Connectors;
  readonly tokenEndpoint: TokenEndpoint;
  readonly complete: Complete;
  readonly ready: () => Promise<void>;
  readonly environment: Environment;
  /** Counts work that a closing keeper waits for; throws once it is closed. */
  readonly counted: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** RFC 8628, section 3.5: what `slow_down` adds, for good. */
const slowDownMs = 5_000;

export interface DeviceFlows {
  readonly start: (connectorKey: string, start: DeviceStart) => Promise<StartedDevice>;
  /** Ends the waits between polls: a closed keeper polls no more, and a timer would hold its process. */
  readonly stop: () => void;
}

/** Begins device flows. The device code is held by this process alone: a flow ends with it. */
export function createDeviceFlows(options: DeviceFlowOptions): DeviceFlows {
  const { connectors, tokenEndpoint, complete, environment, counted } = options;
  const { now } = environment;
  const pauses = new Set<() => void>();
  let stopped = false;

  /** Resolves `ms` milliseconds from now with true, or with false when what `began` is given is called before. */
  function pause(ms: number, began: (end: () => void) => void): Promise<boolean> {
    return new Promise((resolve) => {
      const over = (elapsed: boolean): void => {
        pauses.delete(end);
        resolve(elapsed);
      };
      const callOff = environment.after(ms, () => over(true));
      const end = (): void => {
        callOff();
        over(false);
      };
      pauses.add(end);
      began(end);
    });
  }

  async function start(connectorKey: string, request: DeviceStart): Promise<StartedDevice> {
    connectors.assertKnown(connectorKey);
    const owner = checkOwner(request.owner);
    const connector = await connectors.get(connectorKey, owner);
    const params = checkParams(connector, request.params);
    const addedScopes = addScopes(connector, {}, request.scopes);
    const requested = requestedScopes(connector, addedScopes);
    await options.ready();
    const server = await tokenEndpoint.server(connector, params);
    const device = await tokenEndpoint.authorizeDevice(connector, server, requested["default"] ?? []);
    const expiresAt = now() + device.expiresInSeconds * 1000;
    const asked: Request = {
      ...{ connectorKey, connector, server, owner, params, addedScopes, metadata: request.metadata },
      ...{ requestedScopes: requested, connectionId: undefined, stepUp: undefined },
    };
    let intervalMs = device.intervalSeconds * 1000;
    let waitMs = intervalMs;
    // Who begins to wait anew asks no sooner than the last one would have, and no later either.
    let dueAt = now() + waitMs;
    let polling: Promise<string> | undefined;
    let waiting = 0;
    let endPause = (): void => undefined;

    async function poll(): Promise<string> {
      for (;;) {
        const isDue = await pause(Math.max(0, Math.min(waitMs, dueAt - now(), expiresAt - now())), (end) => {
          endPause = end;
        });
        if (waiting === 0) {
          polling = undefined;
          throw new GrantkeeperError("aborted", "Nobody waits for this sign-in any more.");
        }
        // Somebody else has begun to wait in the same moment.
        if (!isDue && !stopped) continue;
        if (now() >= expiresAt) throw deviceExpired(connectorKey);
        const outcome = await counted(() => tokenEndpoint.pollDevice(connector, server, device.deviceCode));
        const verdict = judgePoll(outcome);
        if (verdict === "decided") {
          return counted(() => complete(asked, outcome, (failed) => deviceError(failed, connectorKey, now())));
        }
        if (verdict === "slow down") intervalMs += slowDownMs;
        // RFC 8628, section 3.5: where there is no answer, less and less often.
        waitMs = verdict === "no answer" ? waitMs * 2 : intervalMs;
        if (outcome.kind === "throttled") waitMs = Math.max(waitMs, outcome.retryAt.getTime() - now());
        dueAt = now() + waitMs;
      }
    }

    return {
      userCode: device.userCode,
      verificationUri: device.verificationUri,
      verificationUriComplete: device.verificationUriComplete,
      expiresAt: new Date(expiresAt),
      async connected(signal) {
        waiting++;
        const leave = (): void => {
          waiting--;
          if (waiting === 0) endPause();
        };
        signal?.addEventListener("abort", leave, { once: true });
        if (signal?.aborted === true) leave();
        polling ??= poll();
        return polling;
      },
    };
  }

  return {
    start,
    stop() {
      stopped = true;
      for (const end of [...pauses]) end();
    },
  };
}

function judgePoll(outcome: TokenOutcome): "decided" | "pending" | "slow down" | "no answer" {
  switch (outcome.kind) {
    case "rejected":
      return outcome.error.error === "authorization_pending" ? "pending" : "decided";
    case "throttled":
      return "slow down";
    case "ambiguous":
      return outcome.error?.error === "slow_down" ? "slow down" : "no answer";
    case "unsent":
      return "no answer";
    default:
      return "decided";
  }
}

function deviceError(
  outcome: Exclude<TokenOutcome, { kind: "tokens" }>,
  connector: string,
  now: number,
): GrantkeeperError {
  if (outcome.kind !== "rejected" && outcome.kind !== "refused") return tokenRequestError(outcome, connector, now);
  switch (outcome.error.error) {
    case "access_denied":
      return new GrantkeeperError("consent_denied", "The user, or the provider, did not allow access.", { connector });
    case "expired_token":
    case "invalid_grant":
      return deviceExpired(connector);
    default:
      return tokenRequestError({ kind: "rejected", error: outcome.error }, connector, now);
  }
}

function deviceExpired(connector: string): GrantkeeperError {
  return new GrantkeeperError("flow_expired", "The user did not enter the code in time.", { connector });
}
