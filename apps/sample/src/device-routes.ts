import { GrantkeeperError } from "@grantkeeper/core";
import { Hono } from "hono";
import { type ConnectorKey, isConnectorKey } from "./connectors.ts";
import type { DeviceFlows } from "./device-flows.ts";
import type { Notices } from "./notices.ts";
import { pageResponse } from "./page-response.ts";
import type { Provider } from "./providers.ts";
import type { SignedIn } from "./signed-in.ts";
import { duration } from "./token-life.ts";
import { devicePage } from "./views/device-page.ts";

export interface DeviceRoutesOptions {
  readonly flows: DeviceFlows;
  readonly providers: Readonly<Record<ConnectorKey, Provider>>;
  readonly notices: Notices;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A sign-in on another device: its start, the page with the code, and what came of it. */
export function deviceRoutes({ flows, providers, notices, now }: DeviceRoutesOptions): Hono<SignedIn> {
  const app = new Hono<SignedIn>();

  // The code while it is good for something; then the connections, where it is said how it ended.
  app.get("/", (c) => {
    const { session, user } = c.var;
    const shown = flows.waiting(session);
    if (shown !== undefined) {
      return pageResponse(devicePage({ user, shown, provider: providers[shown.connector], now: now() }));
    }
    const notice = flows.takeEnd(session);
    if (notice === undefined) return c.redirect("/", 303);
    notices.leave(user.id, notice);
    return c.redirect(`/#${notice.connector}`, 303);
  });

  // What the page's script asks for once a second.
  app.get("/progress", (c) => {
    const shown = flows.waiting(c.var.session);
    const left = shown === undefined ? undefined : duration(Math.max(0, shown.expiresAt.getTime() - now()));
    return c.json({ waiting: shown !== undefined, left });
  });

  app.post("/give-up", async (c) => {
    await flows.giveUp(c.var.session);
    return c.redirect("/device", 303);
  });

  app.post("/start/:connector", async (c) => {
    const key = c.req.param("connector");
    if (!isConnectorKey(key) || !providers[key].onOtherDevice) {
      throw new GrantkeeperError("not_connected", "There is no sign-in on another device here.");
    }
    await flows.start(c.var.session, key);
    return c.redirect("/device", 303);
  });

  return app;
}
