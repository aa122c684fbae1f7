import type { RotationKind } from "../history/history.ts";
import { openKeeper } from "../keeper.ts";
import { openStore, type StoreKind } from "../store.ts";
import { onStage } from "./stage.ts";

export interface CostOptions {
  readonly store: StoreKind;
  readonly rotation: RotationKind;
  readonly refreshes: number;
}

/** Milliseconds, to two decimals. */
export interface CostReport extends CostOptions {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly requestMedianMs: number;
  /** Of what each refresh took beyond its own token request. */
  readonly overheadMedianMs: number;
}

const warmUps = 30;

/** What a refresh costs beyond the network: one connection after another, at a provider on this machine. */
export function runCost({ store: kind, rotation, refreshes }: CostOptions, signal: AbortSignal): Promise<CostReport> {
  const connections = refreshes + warmUps;
  return onStage({ store: kind, rotation, connections, signal }, async ({ setup, connections: ids }) => {
    let requestMs = 0;
    const timedFetch: typeof globalThis.fetch = async (input, init) => {
      const startedAt = performance.now();
      const response = await globalThis.fetch(input, init);
      const body = await response.arrayBuffer();
      requestMs += performance.now() - startedAt;
      return new Response(body, { status: response.status, headers: response.headers });
    };
    const { store, close } = openStore(setup.store);
    const keeper = openKeeper(setup, store, timedFetch);
    const measured: { readonly total: number; readonly request: number }[] = [];
    try {
      for (const id of ids) {
        requestMs = 0;
        const startedAt = performance.now();
        await keeper.connection("main", { id }).token();
        measured.push({ total: performance.now() - startedAt, request: requestMs });
      }
    } finally {
      await keeper.close();
      await close();
    }
    const counted = measured.slice(warmUps);
    const quantile = (values: readonly number[], share: number): number => {
      const sorted = values.toSorted((a, b) => a - b);
      return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 100) / 100;
    };
    const totals = counted.map(({ total }) => total);
    return {
      ...{ store: kind, rotation, refreshes: counted.length },
      medianMs: quantile(totals, 0.5),
      p99Ms: quantile(totals, 0.99),
      requestMedianMs: quantile(
        counted.map(({ request }) => request),
        0.5,
      ),
      overheadMedianMs: quantile(
        counted.map(({ total, request }) => total - request),
        0.5,
      ),
    };
  });
}
