import { type GrantkeeperError, isGrantkeeperError } from "@grantkeeper/core";
import { type Context, Hono } from "hono";
import { accountName } from "./account-name.ts";
import type { ConnectorKey, SampleKeeper } from "./connectors.ts";
import type { Notices } from "./notices.ts";
import { pageResponse } from "./page-response.ts";
import type { Provider } from "./providers.ts";
import type { SignedIn } from "./signed-in.ts";
import { keyPage } from "./views/key-page.ts";

export interface KeyRoutesOptions {
  readonly keeper: SampleKeeper;
  readonly providers: Readonly<Record<ConnectorKey, Provider>>;
  readonly notices: Notices;
}

const key = "brevo";

/** Connects an account with an API key, or gives a connection another key of its account. */
export function keyRoutes({ keeper, providers, notices }: KeyRoutesOptions): Hono<SignedIn> {
  const app = new Hono<SignedIn>();
  const provider = providers[key];

  app.get(`/${key}`, async (c) => showForm(c, c.req.query("connection"), undefined));

  // The key comes in the body and goes to the keeper: it is in no address, and no answer repeats it.
  app.post(`/${key}`, async (c) => {
    const { user } = c.var;
    const form = await c.req.parseBody();
    const connectionId = typeof form["connectionId"] === "string" ? form["connectionId"] : undefined;
    // Whoever copies a key may have copied what surrounds it.
    const apiKey = typeof form["apiKey"] === "string" ? form["apiKey"].trim() : "";
    try {
      const connection = await keeper.connect(key, {
        owner: user.id,
        credentials: { apiKey },
        ...(connectionId === undefined ? {} : { connectionId }),
      });
      const { account } = await connection.status();
      notices.leave(user.id, { kind: "connected", connector: key, account: accountName(account) });
    } catch (error) {
      const problem = isGrantkeeperError(error) ? problemOf(error, provider.name) : undefined;
      if (problem === undefined) throw error;
      return showForm(c, connectionId, problem);
    }
    return c.redirect(`/#${key}`, 303);
  });

  async function showForm(
    c: Context<SignedIn>,
    connectionId: string | undefined,
    problem: Problem | undefined,
  ): Promise<Response> {
    const { user } = c.var;
    const replaced = connectionId === undefined ? undefined : await ownConnection(connectionId, user.id);
    return pageResponse(
      keyPage({ user, provider, action: `/keys/${key}`, replaced, problem: problem?.text }),
      problem?.status,
    );
  }

  /** Another user's id is answered as one that does not exist. */
  async function ownConnection(id: string, owner: string): Promise<{ readonly id: string; readonly account: string }> {
    const { account } = await keeper.connection(key, { id, owner }).status();
    return { id, account: accountName(account) };
  }

  return app;
}

interface Problem {
  readonly text: string;
  readonly status: number;
}

/** What is wrong with a key, in words of the application: nothing of the key is among them. */
function problemOf({ code }: GrantkeeperError, provider: string): Problem | undefined {
  switch (code) {
    case "credentials_refused":
      return { text: `${provider} does not accept this key. Nothing was kept.`, status: 422 };
    case "invalid_request":
      return { text: "That is not an API key: it is one line, with no spaces in it.", status: 422 };
    case "account_mismatch":
      return { text: "This key belongs to another account. Nothing was changed.", status: 422 };
    case "provider_unavailable":
      return { text: `${provider} cannot be asked about the key just now. Nothing was kept: try again.`, status: 503 };
    default:
      return undefined;
  }
}
