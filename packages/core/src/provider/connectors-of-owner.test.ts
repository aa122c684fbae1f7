import { afterEach, describe, expect, test } from "vitest";
import { clientSecretPost } from "../connector/index.ts";
import { createKeeper, GrantkeeperError, type Keeper } from "../index.ts";
import {
  begin,
  callbackUrl,
  closeWorlds,
  codeOf,
  connect,
  createWorld,
  githubConnector,
  key,
  silent,
} from "../test/harness.ts";
import type { ConnectorOfOwner } from "./connectors.ts";

afterEach(closeWorlds);

/** A provider, and a keeper whose owners bring clients of their own. */
async function createTenants(connectorOf?: (connector: typeof githubConnector) => ConnectorOfOwner) {
  const world = await createWorld(githubConnector);
  const asked: string[] = [];
  const own: ConnectorOfOwner = ({ owner }) => ({ ...world.provider.connector, clientId: `client-of-${owner}` });
  const main: ConnectorOfOwner = (tenant) => {
    asked.push(tenant.owner);
    return (connectorOf?.(world.provider.connector) ?? own)(tenant);
  };
  const keeper = createKeeper({
    connectors: { main },
    store: world.store,
    keys: [key],
    callbackUrl,
    now: world.clock.now,
    logger: silent,
  });
  return { world, asked, keeper: keeper as unknown as Keeper<{ readonly main: typeof githubConnector }> };
}

describe("a connector of an owner's own client", () => {
  test("sends each owner to the provider as that owner's client", async () => {
    const { keeper } = await createTenants();
    for (const owner of ["ada", "bob"]) {
      const { url } = await keeper.start("main", { owner });
      expect(url.searchParams.get("client_id")).toBe(`client-of-${owner}`);
    }
  });

  test("connects, refreshes and ends a grant like any other, and asks for the connector only now and then", async () => {
    const { world, asked, keeper } = await createTenants((connector) => () => connector);
    const { connection } = await connect(keeper);
    world.clock.advance(3601);
    const { accessToken } = await connection.token();
    expect(accessToken).not.toBe("");
    expect((await connection.fetch("user")).status).toBe(200);
    expect((await connection.status()).tokenSets["default"]?.refreshable).toBe(true);
    expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
    expect(asked.length).toBe(2);
  });

  test("R27 never sends one client's refresh token as another client", async () => {
    let clientId = "client-1";
    const { world, keeper } = await createTenants((connector) => () => ({ ...connector, clientId }));
    const { connection } = await connect(keeper);
    clientId = "client-2";
    world.clock.advance(3601);
    const before = world.provider.log.tokenRequests.length;
    expect(await codeOf(connection.token())).toBe("invalid_config");
    expect(world.provider.log.tokenRequests.length).toBe(before);
    clientId = "client-1";
    world.clock.advance(11);
    expect((await connection.token()).accessToken).not.toBe("");
  });

  test("takes a client secret that was replaced meanwhile", async () => {
    let secret = "client-secret-1";
    const { world, keeper } = await createTenants((connector) => () => ({
      ...connector,
      clientAuthentication: clientSecretPost(secret),
    }));
    const { connection } = await connect(keeper);
    secret = "wrong";
    world.clock.advance(3601);
    expect(await codeOf(connection.token())).toBe("provider_rejected");
    secret = "client-secret-1";
    world.clock.advance(11);
    expect((await connection.token()).accessToken).not.toBe("");
  });

  test("an application that cannot say which client it is costs no grant, and is told apart", async () => {
    let isDown = false;
    const { world, keeper } = await createTenants((connector) => async () => {
      if (isDown) throw new Error("no database: password=hunter2");
      return connector;
    });
    const { connection } = await connect(keeper);
    isDown = true;
    world.clock.advance(3601);
    const failure = await connection.token().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "connector_unavailable", remedy: "retry", connector: "main" });
    expect(String((failure as Error).cause)).not.toContain("hunter2");
    isDown = false;
    expect((await connection.token()).accessToken).not.toBe("");
  });

  test("passes on what the application throws as a GrantkeeperError of its own choice", async () => {
    const { keeper } = await createTenants(() => () => {
      throw new GrantkeeperError("not_permitted", "This plan has no integrations.");
    });
    expect(await codeOf(keeper.start("main", { owner: "ada" }))).toBe("not_permitted");
  });

  test("refuses a connector that could not work, as a keeper does at once", async () => {
    const { keeper } = await createTenants((connector) => () => ({ ...connector, clientId: "" }));
    expect(await codeOf(keeper.start("main", { owner: "ada" }))).toBe("invalid_config");
  });

  test("R51 disconnecting erases here though the application cannot say which client it was, and the provider is told later", async () => {
    let isDown = false;
    const { world, keeper } = await createTenants((connector) => async () => {
      if (isDown) throw new Error("down");
      return connector;
    });
    const { connection } = await connect(keeper);
    isDown = true;
    world.clock.advance(11);
    expect(await connection.disconnect()).toEqual({ revocation: "pending" });
    expect(await codeOf(connection.status())).toBe("not_connected");
    isDown = false;
    expect(await keeper.retryRevocations()).toMatchObject({ changed: 1 });
    expect(world.provider.log.revocations.map(({ known }) => known)).toEqual([true]);
  });

  test("R4 another owner's callback finds nothing, also where the two share a client", async () => {
    const { keeper } = await createTenants((connector) => () => connector);
    const request = await begin(keeper, { owner: "ada" });
    expect(await codeOf(keeper.finish(request, { owner: "bob" }))).toBe("state_mismatch");
  });
});
