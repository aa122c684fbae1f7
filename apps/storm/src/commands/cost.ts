import type { RotationKind } from "../history/history.ts";
import { startTokenEndpointAtOnce } from "../provider/at-once.ts";
import type { StoreKind } from "../store.ts";
import type { KeeperSetup } from "../worker/messages.ts";
import { startChild } from "./child.ts";
import { onStage } from "./stage.ts";

export interface CostOptions {
  readonly store: StoreKind;
  readonly rotation: RotationKind;
  readonly refreshes: number;
}

/** Milliseconds, to two decimals. */
export interface CostTimes {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly requestMedianMs: number;
  /** Of what each refresh took beyond its own token request. */
  readonly overheadMedianMs: number;
}

export interface CostReport extends CostOptions {
  /** Of grants that the process has in memory, as one has that handed out their tokens before. */
  readonly held: CostTimes;
  /** Of grants that it has to open first. */
  readonly unopened: CostTimes;
}

export interface ToMeasurer {
  readonly setup: KeeperSetup;
  readonly connections: readonly string[];
}

/** Of one refresh: all of it, and its token request up to the answer's last byte. */
export interface RefreshTime {
  readonly totalMs: number;
  readonly requestMs: number;
}

export interface Measured {
  readonly kind: "measured";
  /** In the order of the connections: their first refresh by this process, and their second one. */
  readonly unopened: readonly RefreshTime[];
  readonly held: readonly RefreshTime[];
}

/** So that what is measured is the code that a process of some minutes runs. */
const warmUps = 500;

/** What a refresh costs beyond the network: one connection after another, at a provider on this machine that answers at once. */
export function runCost({ store, rotation, refreshes }: CostOptions, signal: AbortSignal): Promise<CostReport> {
  return onStage({ store, rotation, connections: refreshes + warmUps, signal }, async ({ setup, connections }) => {
    const provider = await startTokenEndpointAtOnce();
    const measurer = startChild<ToMeasurer, Measured>(new URL("measurer.ts", import.meta.url));
    const connector = { ...setup.connector, refreshEndpoint: provider.url };
    try {
      const { unopened, held } = await measurer.tell({ setup: { ...setup, connector }, connections });
      if (provider.answered !== unopened.length + held.length) {
        throw new Error("Not each refresh has made one token request.");
      }
      return { store, rotation, refreshes, held: timesOf(held), unopened: timesOf(unopened) };
    } finally {
      measurer.close();
      provider.close();
    }
  });
}

function timesOf(times: readonly RefreshTime[]): CostTimes {
  const counted = times.slice(warmUps);
  const totals = counted.map(({ totalMs }) => totalMs);
  const requests = counted.map(({ requestMs }) => requestMs);
  const overheads = counted.map(({ totalMs, requestMs }) => totalMs - requestMs);
  return {
    medianMs: quantile(totals, 0.5),
    p99Ms: quantile(totals, 0.99),
    requestMedianMs: quantile(requests, 0.5),
    overheadMedianMs: quantile(overheads, 0.5),
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 100) / 100;
}
