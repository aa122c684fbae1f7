import { createHandler, GrantkeeperError, isGrantkeeperError } from "@grantkeeper/core";
import { Hono } from "hono";
import { assets } from "./assets.ts";
import type { SecondProcesses } from "./at-once/second-processes.ts";
import { connectionRoutes } from "./connection-routes.ts";
import { type ConnectorKey, connectorKeys, type SampleKeeper } from "./connectors.ts";
import type { StoredRow } from "./database.ts";
import { createDeviceFlows } from "./device-flows.ts";
import { deviceRoutes } from "./device-routes.ts";
import { keyRoutes } from "./key-routes.ts";
import { createNotices } from "./notices.ts";
import { createOutcomes } from "./outcomes.ts";
import { statusesOf } from "./overview.ts";
import { pageResponse } from "./page-response.ts";
import { oneHost, sameOrigin, securityHeaders } from "./protection.ts";
import type { Provider } from "./providers.ts";
import { type Sessions, users } from "./sessions.ts";
import { type SignedIn, signedIn } from "./signed-in.ts";
import { progressOf } from "./token-life.ts";
import { connectionsPage } from "./views/connections-page.ts";
import { errorPage } from "./views/error-page.ts";
import { signInPage } from "./views/sign-in-page.ts";

export interface AppOptions {
  readonly keeper: SampleKeeper;
  readonly providers: Readonly<Record<ConnectorKey, Provider>>;
  readonly secondProcesses: SecondProcesses;
  readonly sessions: Sessions;
  /** The row of a connection as it lies in the database. */
  readonly readRow: (connectionId: string) => StoredRow | undefined;
  /** How long an emulated provider's access tokens live. */
  readonly tokenLifetimeSeconds: number;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

/** The web application. It needs no port: `app.request(…)` drives it, too. */
export function createApp(options: AppOptions): Hono {
  const { keeper, providers, secondProcesses, sessions, readRow, tokenLifetimeSeconds, now = Date.now } = options;
  const app = new Hono();
  const outcomes = createOutcomes();
  const notices = createNotices();
  const deviceFlows = createDeviceFlows(keeper);
  // What failed before a new consent is of no interest after it.
  keeper.on("connection.reconnected", ({ connectionId }) => outcomes.delete(connectionId));
  keeper.on("connection.disconnected", ({ connectionId }) => outcomes.delete(connectionId));

  app.use(securityHeaders(Object.values(providers)));
  app.use(oneHost(keeper.callbackUrl));
  app.route("/", assets());

  // The whole of "connect your account": `POST /connect/github` starts, `/connect/github/callback` finishes.
  const connect = createHandler(keeper, {
    owner: async (request) => (await sessions.userOf(request))?.id,
    onError: async (error, request, status) => {
      const user = await sessions.userOf(request);
      return pageResponse(errorPage({ error, user, provider: nameOf(error) }), status);
    },
  });
  app.all("/connect/*", (c) => connect(c.req.raw));

  app.use(sameOrigin(keeper.callbackUrl));

  app.get("/", async (c) => {
    const user = await sessions.userOf(c.req.raw);
    if (user === undefined) return pageResponse(signInPage());
    const connections = (await statusesOf(keeper, user.id)).map((status) => ({
      status,
      outcome: outcomes.get(status.connectionId),
      row: readRow(status.connectionId),
    }));
    const notice = notices.take(user.id);
    return pageResponse(connectionsPage({ user, providers, connections, notice, tokenLifetimeSeconds, now: now() }));
  });

  // What the page's script asks for once a second: states and remaining lives, no secret.
  app.get("/status", async (c) => {
    const user = await sessions.userOf(c.req.raw);
    const statuses = user === undefined ? [] : await statusesOf(keeper, user.id);
    return c.json({ user: user?.id, connections: statuses.map((status) => progressOf(status, now())) });
  });

  app.post("/sign-in", async (c) => {
    const { user: id } = await c.req.parseBody();
    const user = users.find((one) => one.id === id);
    const before = await sessions.sessionOf(c.req.raw);
    if (before !== undefined) deviceFlows.forget(before);
    c.header("set-cookie", await sessions.cookieFor(user));
    return c.redirect("/", 303);
  });

  const forUsers = (routes: Hono<SignedIn>) => new Hono<SignedIn>().use(signedIn(sessions)).route("/", routes);
  const acts = connectionRoutes({ keeper, providers, secondProcesses, outcomes, notices, now });
  app.route("/connections", forUsers(acts));
  app.route("/device", forUsers(deviceRoutes({ flows: deviceFlows, providers, notices, now })));
  app.route("/keys", forUsers(keyRoutes({ keeper, providers, notices })));

  app.notFound(async (c) => {
    const error = new GrantkeeperError("not_connected", "There is nothing here.");
    return pageResponse(errorPage({ error, user: await sessions.userOf(c.req.raw), provider: undefined }), 404);
  });
  app.onError(async (thrown, c) => {
    const user = await sessions.userOf(c.req.raw);
    if (!isGrantkeeperError(thrown)) {
      console.error(thrown);
      return c.text("Something went wrong here.\n", 500);
    }
    return pageResponse(errorPage({ error: thrown, user, provider: nameOf(thrown) }), statusOf(thrown));
  });

  function nameOf({ connector }: GrantkeeperError): string | undefined {
    const key = connectorKeys.find((known) => known === connector);
    return key === undefined ? undefined : providers[key].name;
  }

  return app;
}

function statusOf({ code, remedy }: GrantkeeperError): number {
  if (code === "not_connected" || code === "invalid_request") return 404;
  return remedy === "retry" ? 503 : 500;
}
