import { afterEach, expect, expectTypeOf, test } from "vitest";
import { type Connector, clientCredentials } from "./connector/index.ts";
import type { AccessToken } from "./index.ts";
import { exampleConnector } from "./test/connector.ts";
import { closeWorlds, codeOf, connect, createWorld, githubConnector, slackConnector } from "./test/harness.ts";

afterEach(closeWorlds);

type AnyMethod = (...given: readonly unknown[]) => Promise<unknown>;
const method = (handle: object, name: string): AnyMethod => (handle as Record<string, AnyMethod>)[name] as AnyMethod;

test("a handle does what it may, and nothing else, at run time and by type", async () => {
  const { keeper } = await createWorld(githubConnector);
  const { connection } = await connect(keeper);
  const job = keeper.as({ actor: "billing", may: ["token", "status"] });
  const own = job.connection("main", { id: connection.id });
  expectTypeOf<keyof typeof own>().toEqualTypeOf<"id" | "connector" | "token" | "status">();
  expectTypeOf<keyof typeof job>().toEqualTypeOf<"connection">();
  expectTypeOf(own.token()).toEqualTypeOf<Promise<AccessToken>>();
  expect(own).toMatchObject({ id: connection.id, connector: "main" });
  expect((await own.token()).accessToken).toBeTypeOf("string");
  expect((await own.status()).state).toBe("active");
  for (const name of ["fetch", "reconnect", "requireScopes", "stepUp", "disconnect", "setMetadata"]) {
    expect(await codeOf(method(own, name)("x")), name).toBe("not_permitted");
  }
  expect(await codeOf(method(job, "start")("main", { owner: "ada" }))).toBe("not_permitted");
  for (const name of ["device", "connect"])
    expect(await codeOf(method(job, name)("main", { owner: "ada" })), name).toBe("not_permitted");
  expect(await codeOf(method(job, "finish")(new Request("https://app.example.com/connect/main/callback"), {}))).toBe(
    "not_permitted",
  );
  const list = (job as unknown as { connections(): AsyncGenerator }).connections();
  expect(await codeOf(list.next())).toBe("not_permitted");
  for (const name of ["adopt", "rotateKeys", "keepAlive", "close", "on", "as", "connectors"])
    expect(job).not.toHaveProperty(name);
});

test("a handle for one owner never reaches another's connection, by id either", async () => {
  const { keeper } = await createWorld(githubConnector);
  const { connection: ada } = await connect(keeper, { owner: "ada" });
  const { connection: grace } = await connect(keeper, { owner: "grace" });
  const own = keeper.as({ actor: "page", may: ["status", "list", "connect"], owner: "ada" });
  expect((await own.connection("main", { owner: "ada" }).status()).connectionId).toBe(ada.id);
  expect((await own.connection("main", { id: ada.id }).status()).connectionId).toBe(ada.id);
  expect(await codeOf(own.connection("main", { id: grace.id }).status())).toBe("not_connected");
  expect(() => own.connection("main", { id: grace.id, owner: "grace" })).toThrow(/may not act for this owner/);
  expect(() => own.connection("main", { owner: "grace" })).toThrow(/may not act for this owner/);
  const listed: string[] = [];
  for await (const { id } of own.connections()) listed.push(id);
  expect(listed).toEqual([ada.id]);
  expect(await codeOf(own.connections({ owner: "grace" })[Symbol.asyncIterator]().next())).toBe("not_permitted");
  expect(await codeOf(own.start("main", { owner: "grace" } as never))).toBe("not_permitted");
  const started = await own.start("main", { owner: "ada" } as never);
  expect(started.url.href).toContain("http");
});

test("a handle for some connectors refuses the others, in lists and callbacks too", async () => {
  const { keeper, another, provider } = await createWorld(slackConnector);
  const both = another({
    connectors: { main: provider.connector, second: provider.connector } as never,
  }) as unknown as typeof keeper;
  await connect(both);
  const other = both.as({ actor: "job", may: ["list", "connect", "token"], connectors: ["second" as "main"] });
  expect(() => other.connection("main", { owner: "ada" })).toThrow(/connector/);
  const listed: string[] = [];
  for await (const { id } of other.connections()) listed.push(id);
  expect(listed).toEqual([]);
  expect(await codeOf(other.start("main", { owner: "ada" } as never))).toBe("not_permitted");
  const callback = new Request("https://app.example.com/connect/main/callback?code=c&state=s");
  expect(await codeOf(other.finish(callback, { owner: "ada" }))).toBe("not_permitted");
});

test("R54 a refusal names the actor and the act, and a restriction that makes no sense is refused at once", async () => {
  const { keeper } = await createWorld(githubConnector);
  const { connection } = await connect(keeper);
  const job = keeper.as({ actor: "billing", may: [] });
  const refused = method(job.connection("main", { id: connection.id }), "token")();
  await expect(refused).rejects.toThrow("billing may not do this: token.");
  for (const wrong of [
    { actor: "", may: [] },
    { actor: "a\nb", may: [] },
    { actor: "job", may: ["everything"] },
    { actor: "job", may: "token" },
    { actor: "job", may: [], connectors: ["toString"] },
  ]) {
    expect(() => keeper.as(wrong as never)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  }
  expect(() => keeper.as({ actor: "job", may: [], owner: "" })).toThrow(
    expect.objectContaining({ code: "invalid_request" }),
  );
});

test("a handle that connects by device and by credentials gives handles that can do no more than itself", async () => {
  const connector = {
    ...exampleConnector({
      credentials: clientCredentials(),
      deviceAuthorizationEndpoint: "https://login.example.com/device/code",
    }),
  } as Connector<never, never, never>;
  const { keeper, provider } = await createWorld(connector, {
    grants: { clientCredentials: {} },
    device: { intervalSeconds: 1 },
  });
  const own = keeper.as({ actor: "page", may: ["connect", "token"], owner: "ada" });
  expect(await codeOf(own.connect("main", { owner: "bob" }))).toBe("not_permitted");
  expect(await codeOf(own.device("main", { owner: "bob" }))).toBe("not_permitted");
  const acts: (string | undefined)[] = [];
  keeper.on("connection.connected", ({ actor }) => acts.push(actor));
  const connected = await own.connect("main", { owner: "ada" });
  const device = await own.device("main", { owner: "ada" });
  provider.approveDevice(device.userCode);
  for (const connection of [connected, await device.connection()]) {
    expect((await connection.token()).accessToken).not.toBe("");
    expect(await codeOf(connection.disconnect())).toBe("not_permitted");
  }
  expect(acts).toEqual(["page", "page"]);
});
