import type { AddressInfo } from "node:net";
import type { Connector } from "@grantkeeper/core/connector";
import { createAdaptorServer } from "@hono/node-server";
import { createTokenEngine } from "../engine/engine.ts";
import { createIdTokenSigner } from "../engine/id-token.ts";
import { createAccounts } from "./accounts.ts";
import type { ProviderContext } from "./context.ts";
import { createLog } from "./log.ts";
import type { EmulatedProvider, ProviderOptions } from "./options.ts";
import { moveUrl, pointAt } from "./point-at.ts";
import { seedGrants } from "./seed.ts";
import { createServer, type ServerBindings } from "./server.ts";
import { openState } from "./state-file.ts";

const hour = 3600;

/**
 * Serves a connector's provider on the loopback interface over real HTTP, and returns the connector pointed at it.
 * For development and tests: throws under NODE_ENV=production. Lifetimes in seconds, `latencyMs` and `now` in ms.
 */
export async function startProvider<C extends Connector>(
  connector: C,
  options: ProviderOptions = {},
): Promise<EmulatedProvider<C>> {
  if (process.env["NODE_ENV"] === "production")
    throw new Error("The emulator does not start under NODE_ENV=production.");
  const emulation = await connector.emulation?.();
  const { state, save } = await openState(options.stateFile);
  const rotation = options.rotation ?? connector.rotation;
  const accessTokenLifetime = fallback(
    options.accessTokenLifetime,
    emulation ? emulation.accessTokenLifetimeSeconds : (connector.accessTokenLifetime ?? hour),
  );
  const now = options.now ?? Date.now;
  const engine = createTokenEngine({
    state,
    clientId: connector.clientId,
    rotation,
    accessTokenLifetime,
    refreshTokenLifetime: fallback(options.refreshTokenLifetime, connector.refreshTokenLifetime),
    now,
  });
  const signer = connector.issuer === undefined ? undefined : await createIdTokenSigner(state);
  const log = createLog();

  // The server listens before the context exists, since the context holds its origin.
  let handle: ((request: Request, bindings: ServerBindings) => Promise<Response>) | undefined;
  const server = createAdaptorServer({
    fetch: (request, bindings) => handle?.(request, bindings as ServerBindings) ?? new Response(null, { status: 503 }),
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const context: ProviderContext = {
    connector,
    origin,
    issuer: connector.issuer === undefined ? undefined : moveUrl(connector.issuer, origin),
    emulation,
    options,
    refreshTokens: options.refreshTokens ?? accessTokenLifetime !== undefined,
    engine,
    accounts: createAccounts(emulation?.accounts, origin),
    log,
    signer,
    now,
    save,
  };
  handle = createServer(context);

  return {
    connector: pointAt(connector, origin, rotation),
    origin,
    accounts: context.accounts.listed,
    log,
    seed: (request) => seedGrants(context, state, request),
    revokeGrant: (token) => engine.end(token, "grant"),
    expireAccessTokens: engine.expireAccessTokens,
    isAlive: engine.isAlive,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
      await save();
    },
  };
}

/** `null` stands for "none", `undefined` for "not said". */
function fallback(said: number | null | undefined, otherwise: number | undefined): number | undefined {
  return said === undefined ? otherwise : (said ?? undefined);
}
