import type { RotationKind } from "./history/history.ts";
import type { StoreKind } from "./store.ts";
import type { Times } from "./times.ts";

export interface StormOptions {
  readonly store: StoreKind;
  readonly provider: "emulator" | "oidc";
  readonly rotation: RotationKind;
  readonly processes: number;
  readonly connections: number;
  readonly kills: number;
  readonly seconds: number;
  readonly faults: boolean;
  /** Two of the processes rotate keys all the time, both at once. */
  readonly rewrap: boolean;
  readonly seed: number;
  /** Left out: those of `shortTimes`. */
  readonly times?: Times;
  /** Ends the storm before its time; everything is cleaned up. */
  readonly signal: AbortSignal;
  /** Called with a short line every few seconds. */
  readonly onProgress: (line: string) => void;
}
