import { GrantkeeperError, type IdentifiedConnection, isGrantkeeperError } from "@grantkeeper/core";
import { type Context, Hono } from "hono";
import { askAtOnce } from "./at-once/ask-at-once.ts";
import type { SecondProcesses } from "./at-once/second-processes.ts";
import { callApi } from "./call-api.ts";
import { type ConnectorKey, isConnectorKey, type SampleKeeper, type TokenSetName, tokenSetOf } from "./connectors.ts";
import type { Notices } from "./notices.ts";
import type { Outcome, Outcomes } from "./outcomes.ts";
import type { Provider } from "./providers.ts";
import type { SignedIn } from "./signed-in.ts";

export interface ConnectionRoutesOptions {
  readonly keeper: SampleKeeper;
  readonly providers: Readonly<Record<ConnectorKey, Provider>>;
  readonly secondProcesses: SecondProcesses;
  readonly outcomes: Outcomes;
  readonly notices: Notices;
  /** Unix milliseconds. */
  readonly now: () => number;
}

interface Chosen {
  readonly key: ConnectorKey;
  readonly connection: IdentifiedConnection<"user">;
  readonly provider: Provider;
}

/** What the buttons on a connection do. Each answers with a redirect to the page, which shows the outcome. */
export function connectionRoutes({
  keeper,
  providers,
  secondProcesses,
  outcomes,
  notices,
  now,
}: ConnectionRoutesOptions): Hono<SignedIn> {
  const app = new Hono<SignedIn>();

  app.post("/:connector/:id/call", async (c) => {
    const { as } = await c.req.parseBody();
    const tokenSet: TokenSetName = as === "user" ? "user" : "default";
    return perform(c, async ({ connection, provider }) => ({
      kind: "called",
      as: tokenSet,
      answer: await callApi(connection, provider, tokenSet),
    }));
  });

  app.post("/:connector/:id/ask", (c) =>
    perform(c, async (chosen) => {
      const { signal } = c.req.raw;
      return { kind: "asked", asked: await askAtOnce({ keeper, secondProcesses, now, signal, ...chosen }) };
    }),
  );

  // What a user does on the provider's own settings page; only an emulator lets the sample do it.
  app.post("/:connector/:id/withdraw", (c) =>
    perform(c, async ({ connection, provider }) => {
      if (provider.emulator === undefined || provider.connectedBy === "apiKey")
        throw new GrantkeeperError("not_permitted", "Only its own pages can do that.");
      const { tokenSets } = await connection.status();
      const { accessToken } = await connection.token({ as: tokenSetOf(tokenSets) });
      provider.emulator.revokeGrant(accessToken);
      return { kind: "withdrawn" };
    }),
  );

  app.post("/:connector/:id/disconnect", async (c) => {
    const { key, connection } = await choose(c);
    const { revocation } = await connection.disconnect();
    notices.leave(c.var.user.id, { kind: "disconnected", connector: key, revocation });
    return c.redirect(`/#${key}`, 303);
  });

  /** Only a connection of the user who asks: another's id is answered as one that does not exist. */
  async function choose(c: Context<SignedIn>): Promise<Chosen> {
    const key = c.req.param("connector") ?? "";
    const id = c.req.param("id") ?? "";
    if (!isConnectorKey(key)) throw new GrantkeeperError("not_connected", "There is no such connection.");
    const connection = keeper.connection(key, { id, owner: c.var.user.id });
    await connection.status();
    return { key, connection, provider: providers[key] };
  }

  async function perform(c: Context<SignedIn>, action: (chosen: Chosen) => Promise<Outcome>): Promise<Response> {
    const chosen = await choose(c);
    const { id } = chosen.connection;
    try {
      outcomes.set(id, await action(chosen));
    } catch (error) {
      if (!isGrantkeeperError(error)) throw error;
      outcomes.set(id, { kind: "failed", code: error.code, message: error.message });
    }
    return c.redirect(`/#${id}`, 303);
  }

  return app;
}
