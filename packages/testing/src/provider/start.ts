import type { AddressInfo } from "node:net";
import type { Connector } from "@grantkeeper/core/connector";
import { createAdaptorServer } from "@hono/node-server";
import { createTokenEngine } from "../engine/engine.ts";
import { createIdTokenSigner } from "../engine/id-token.ts";
import { createAccounts } from "./accounts.ts";
import type { ServerBindings } from "./commit-fault.ts";
import type { ProviderContext } from "./context.ts";
import { createDeviceCodes } from "./device/codes.ts";
import { deviceDecisions } from "./device/decide.ts";
import { createLog } from "./log.ts";
import type { EmulatedProvider, ProviderOptions } from "./options.ts";
import { moveUrl, pointAt } from "./point-at.ts";
import { createPushedRequests } from "./pushed-requests.ts";
import { seedGrants } from "./seed.ts";
import { createServer } from "./server.ts";
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
    devices: createDeviceCodes(options.device),
    pushedRequests: createPushedRequests(),
    tokenTypes: new Set(["bearer"]),
    accounts: createAccounts(emulation?.accounts, origin),
    log,
    signer,
    now,
    save,
  };
  try {
    assertAccounts(context);
    handle = createServer(context);
  } catch (error) {
    server.close();
    throw error;
  }
  const device = deviceDecisions(context);

  return {
    connector: pointAt(connector, origin, rotation),
    origin,
    accounts: context.accounts.listed,
    log,
    seed: (request) => seedGrants(context, state, request),
    revokeGrant: (token) => engine.end(token, "grant"),
    approveDevice: device.approve,
    denyDevice: device.deny,
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

/** An option that names an account which is not there would be found out at a request only. */
function assertAccounts({ connector, accounts, options }: ProviderContext): void {
  const { apiKeys = [], basicCredentials = [], grants, signInAs } = options;
  const named = [...apiKeys, ...basicCredentials, ...(grants?.tokenExchange?.subjectTokens ?? [])];
  const ids = [signInAs, grants?.clientCredentials?.accountId, ...named.map(({ accountId }) => accountId)];
  for (const id of ids) {
    if (id !== undefined && accounts.find(id) === undefined) {
      throw new RangeError(`${connector.name} (emulated) has no account ${id}.`);
    }
  }
}

/** `null` stands for "none", `undefined` for "not said". */
function fallback(said: number | null | undefined, otherwise: number | undefined): number | undefined {
  return said === undefined ? otherwise : (said ?? undefined);
}
