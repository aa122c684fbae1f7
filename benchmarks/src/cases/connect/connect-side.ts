import type { OpenSide } from "../../runner/side.ts";

/** Of each round. */
const flows = 40;

/** What the application does; the rest of a flow is the browser's and the provider's. */
export interface ConnectingApplication {
  /** Starts a flow, and returns where the browser is sent and its cookie. */
  start(owner: string): Promise<{ readonly url: string; readonly cookie: string }>;
  /** Finishes it, when the browser is back at `url`. */
  finish(owner: string, url: string, cookie: string): Promise<void>;
}

/** Whole code flows, one after another; `fetch` is what the application calls the provider with. */
export function connectSide(
  create: (origin: string, fetch: typeof globalThis.fetch) => ConnectingApplication,
): OpenSide {
  return async ({ origin }) => {
    let waitedMs = 0;
    const application = create(String(origin), async (url, init) => {
      const startedAt = performance.now();
      try {
        return await fetch(url, init);
      } finally {
        waitedMs += performance.now() - startedAt;
      }
    });
    let owner = 0;

    /** Milliseconds in the application, waits for the provider included. */
    async function connect(): Promise<number> {
      owner += 1;
      const startedAt = performance.now();
      const { url, cookie } = await application.start(`owner-${owner}`);
      const leftAt = performance.now();
      const consented = await fetch(url, { redirect: "manual" });
      await consented.arrayBuffer();
      const callback = consented.headers.get("location");
      if (callback === null) throw new Error(`The provider answered ${consented.status}.`);
      const backAt = performance.now();
      await application.finish(`owner-${owner}`, callback, cookie);
      return leftAt - startedAt + performance.now() - backAt;
    }

    return {
      async round() {
        waitedMs = 0;
        let applicationMs = 0;
        const startedAt = performance.now();
        for (let flow = 0; flow < flows; flow++) applicationMs += await connect();
        const milliseconds = performance.now() - startedAt;
        const ownMs = applicationMs - waitedMs;
        return {
          flowsPerSecond: (flows * 1000) / milliseconds,
          ownMillisecondsPerFlow: ownMs / flows,
          ownShare: ownMs / milliseconds,
        };
      },
    };
  };
}
