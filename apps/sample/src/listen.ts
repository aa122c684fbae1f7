import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";

/** Serves an application to this machine only. Returns what stops it. */
export async function listen(app: Hono, port: number): Promise<() => Promise<void>> {
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      // Browsers hold connections open that nothing will come over any more.
      if ("closeAllConnections" in server) server.closeAllConnections();
    });
}
