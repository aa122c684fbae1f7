import type { Rotation } from "@grantkeeper/core/connector";
import type { EngineState } from "./state.ts";

export interface EngineOptions {
  readonly state: EngineState;
  readonly clientId: string;
  readonly rotation: Rotation;
  /** Seconds; `undefined`: they do not expire. */
  readonly accessTokenLifetime: number | undefined;
  /** Seconds; `undefined`: they do not expire. */
  readonly refreshTokenLifetime: number | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}
