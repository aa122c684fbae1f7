import type { KeyConfig, RefreshTimes } from "@grantkeeper/core";
import type { Connector } from "@grantkeeper/core/connector";
import type { ProcessId } from "../history/history.ts";
import type { StoreConfig } from "../store.ts";
import type { Armed } from "./points.ts";

/** One owner with one account at the provider. */
export interface Customer {
  readonly owner: string;
  readonly account: string;
  /** The connection, as far as is known. */
  readonly connection: string | undefined;
}

export interface KeeperSetup {
  readonly store: StoreConfig;
  readonly connector: Connector<never, never>;
  readonly keys: readonly KeyConfig[];
  readonly refresh: RefreshTimes;
  /** Seconds. */
  readonly cacheFor: number;
  /** A folder. */
  readonly journal: string;
}

export interface WorkerSetup extends KeeperSetup {
  readonly process: ProcessId;
  /** The file where its history goes. */
  readonly history: string;
  readonly seed: number;
  readonly provider: "emulator" | "oidc";
  /** The provider's origin as the connector names it, and the ones that stand in for it. */
  readonly origins: { readonly provider: string; readonly witness: string; readonly entry: string };
  readonly customers: readonly Customer[];
  /** Whether a provider's answer may be one that no provider should give. */
  readonly faults: boolean;
  /** Whether it rotates keys all the time. */
  readonly rotates: boolean;
}

export type ToWorker =
  | { readonly kind: "begin"; readonly setup: WorkerSetup }
  | { readonly kind: "arm"; readonly armed: Armed | undefined }
  /** Rewrap all rows, and say so. */
  | { readonly kind: "rewrap" }
  /** End what runs, close the keeper and exit. */
  | { readonly kind: "leave" };

export type FromWorker =
  | { readonly kind: "ready" }
  /** It is alive. */
  | { readonly kind: "beat" }
  /** It is about to stop itself. */
  | { readonly kind: "stopping"; readonly armed: Armed }
  | { readonly kind: "connected"; readonly customer: number; readonly connection: string }
  | { readonly kind: "rewrapped" }
  /** What no storm explains. */
  | { readonly kind: "failed"; readonly text: string };
