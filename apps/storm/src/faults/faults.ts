import { type FaultProxy, startFaultProxy } from "@grantkeeper/testing";
import type { FaultEpisode } from "../history/history.ts";
import type { InjectedAnswer } from "../provider/witness.ts";
import type { Random } from "../random.ts";
import type { StoreConfig } from "../store.ts";
import { holdLocks } from "./locks.ts";
import { troubleNetwork } from "./network.ts";

/** What goes wrong beside kills and stops. */
export interface Faults {
  /** Where workers find the store and the provider: behind proxies. */
  between(store: StoreConfig, provider: string): Promise<{ readonly store: StoreConfig; readonly provider: string }>;
  /** An error to answer a refresh with, now and then. */
  readonly answer: () => InjectedAnswer | undefined;
  /** Troubles everything until the signal says so. */
  run(signal: AbortSignal): Promise<void>;
  readonly episodes: readonly FaultEpisode[];
  close(): Promise<void>;
}

const answers: readonly InjectedAnswer[] = [
  { name: "503", status: 503, headers: {}, body: "" },
  { name: "429", status: 429, headers: { "retry-after": "1" }, body: "" },
  {
    name: "html",
    status: 200,
    headers: { "content-type": "text/html" },
    body: "<html><body>Be right back</body></html>",
  },
];
const shareOfAnswers = 0.02;

/** Nothing goes wrong. */
export const noFaults: Faults = {
  between: async (store, provider) => ({ store, provider }),
  answer: () => undefined,
  run: async () => undefined,
  episodes: [],
  close: async () => undefined,
};

export function createFaults(random: Random): Faults {
  const episodes: FaultEpisode[] = [];
  const proxies: { readonly proxy: FaultProxy; readonly between: FaultEpisode["between"] }[] = [];
  const onEpisode = (episode: FaultEpisode): void => void episodes.push(episode);
  let lockable: string | undefined;
  let troubled = false;

  async function behind(between: FaultEpisode["between"], url: URL, defaultPort: number): Promise<FaultProxy> {
    const target = { host: url.hostname, port: Number(url.port) || defaultPort };
    const proxy = await startFaultProxy({ target, random: random.fork(`${between} proxy`).next });
    proxies.push({ proxy, between });
    return proxy;
  }

  return {
    episodes,
    async between(store, provider) {
      const { origin } = await behind("provider", new URL(provider), 80);
      if (store.kind === "sqlite") {
        lockable = store.path;
        return { store, provider: origin };
      }
      const url = new URL(store.url);
      const { port } = await behind("store", url, 5432);
      url.hostname = "127.0.0.1";
      url.port = String(port);
      return { store: { ...store, url: url.href }, provider: origin };
    },
    answer: () => (troubled && random.chance(shareOfAnswers) ? random.pick(answers) : undefined),
    async run(signal) {
      troubled = true;
      await Promise.all([
        ...proxies.map(({ proxy, between }) =>
          troubleNetwork({ proxy, between, random: random.fork(between), signal, onEpisode }),
        ),
        ...(lockable === undefined ? [] : [holdLocks(lockable, random.fork("locks"), signal, onEpisode)]),
      ]);
      troubled = false;
    },
    async close() {
      for (const { proxy } of proxies) await proxy.close();
    },
  };
}
