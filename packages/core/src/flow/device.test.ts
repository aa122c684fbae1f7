import { startProvider } from "@grantkeeper/testing";
import { afterEach, describe, expect, test } from "vitest";
import type { Connector } from "../connector/index.ts";
import { createEnvironment, type Environment } from "../environment.ts";
import { type Keeper, keyvStore } from "../index.ts";
import { assembleKeeper } from "../keeper.ts";
import { exampleConnector } from "../test/connector.ts";
import { callbackUrl, codeOf, key, silent } from "../test/harness.ts";

type ProviderOptions = NonNullable<Parameters<typeof startProvider>[1]>;

const began = Date.UTC(2026, 10, 26);
const connector = exampleConnector({
  deviceAuthorizationEndpoint: "https://login.example.com/device/code",
  userinfoEndpoint: "https://api.example.com/v1/me",
}) as Connector<never, never, never>;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A provider and a keeper whose waits pass at once: the clock jumps to the end of each. */
async function createWorld(providerOptions: ProviderOptions = {}, fetch?: typeof globalThis.fetch) {
  let time = began;
  const waits: number[] = [];
  const now = (): number => time;
  const provider = await startProvider(connector, { ...providerOptions, now });
  const environment = {
    ...createEnvironment(now),
    after(ms: number, task: () => void) {
      // What bounds a request lasts as long as it does; the others are waits.
      if (isTimeOut(ms)) return createEnvironment(now).after(ms, task);
      const pass = setImmediate(() => {
        waits.push(ms);
        time += ms;
        task();
      });
      return () => clearImmediate(pass);
    },
  };
  const keeper: Keeper<{ readonly main: typeof provider.connector }> = assembleKeeper(
    {
      connectors: { main: provider.connector },
      store: keyvStore(undefined, { now }),
      keys: [key],
      callbackUrl,
      logger: silent,
      now,
      ...(fetch === undefined ? {} : { fetch }),
    },
    environment,
    undefined,
  );
  closing.push(async () => {
    await keeper.close();
    await provider.close();
  });
  return { keeper, provider, waits, at: (): number => time - began };
}

/** A keeper in an environment of the test's own. */
function keeperIn(environment: Environment, main: typeof connector) {
  const keeper: Keeper<{ readonly main: typeof connector }> = assembleKeeper(
    { connectors: { main }, keys: [key], callbackUrl, logger: silent, now: environment.now },
    environment,
    undefined,
  );
  closing.push(() => keeper.close());
  return keeper;
}

function isTimeOut(ms: number): boolean {
  return ms === 9_750 || ms === 250;
}

/** When each poll came, in milliseconds since the device code was given. */
function pollsOf({ log }: Awaited<ReturnType<typeof createWorld>>["provider"]): number[] {
  return log.devicePolls.map(({ at }) => at - began);
}

describe("the device flow", () => {
  test("R48 shows a code, and ends in a connection like any other", async () => {
    const { keeper, provider } = await createWorld();
    const device = await keeper.device("main", { owner: "ada", metadata: { room: 7 } });
    expect(device.userCode).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
    expect(device.verificationUri).toBe(`${provider.origin}/device`);
    expect(device.verificationUriComplete).toBe(`${provider.origin}/device?user_code=${device.userCode}`);
    expect(device.expiresAt).toEqual(new Date(began + 900_000));
    provider.approveDevice(device.userCode, { accountId: provider.accounts[1]?.id ?? "" });
    const connection = await device.connection();
    const status = await connection.status();
    expect(status).toMatchObject({ state: "active", metadata: { room: 7 }, account: { id: provider.accounts[1]?.id } });
    expect(status.tokenSets["default"]?.refreshable).toBe(true);
    expect((await connection.token()).accessToken).not.toBe("");
    expect((await connection.fetch("me")).status).toBe(200);
    expect(await (await device.connection()).status()).toEqual(status);
  });

  test("R48 polls after each interval, and not before", async () => {
    const { keeper, provider } = await createWorld({ device: { intervalSeconds: 7 } });
    const device = await keeper.device("main", { owner: "ada" });
    const connected = device.connection();
    await pollsCome(provider, 3);
    provider.approveDevice(device.userCode);
    await connected;
    expect(pollsOf(provider).slice(0, 4)).toEqual([7_000, 14_000, 21_000, 28_000].slice(0, pollsOf(provider).length));
    expect(provider.log.devicePolls.at(-1)?.outcome).toBe("issued");
  });

  test("R48 slow_down adds five seconds for good", async () => {
    const answers = ["slow_down", "authorization_pending", "slow_down", "authorization_pending"];
    const { keeper, provider } = await createWorld({
      faults: {
        before: () => {
          const error = answers.shift();
          return error === undefined ? undefined : { status: 400, json: { error } };
        },
      },
    });
    const device = await keeper.device("main", { owner: "ada" });
    provider.approveDevice(device.userCode);
    await device.connection();
    expect(pollsOf(provider)).toEqual([5_000, 15_000, 25_000, 40_000, 55_000]);
  });

  test("R48 where no answer comes, it polls less and less often, and as before when one comes", async () => {
    const answers = ["reset", "reset", "reset", { status: 400, json: { error: "authorization_pending" } }] as const;
    let count = 0;
    const { keeper, provider } = await createWorld({ faults: { before: () => answers[count++] } });
    const device = await keeper.device("main", { owner: "ada" });
    provider.approveDevice(device.userCode);
    await device.connection();
    expect(pollsOf(provider)).toEqual([5_000, 15_000, 35_000, 75_000, 80_000]);
  });

  test("R48 a 429 is heeded as long as it says", async () => {
    let count = 0;
    const limited = { status: 429, headers: { "retry-after": "60" }, json: {} };
    const { keeper, provider } = await createWorld({ faults: { before: () => (count++ === 0 ? limited : undefined) } });
    const device = await keeper.device("main", { owner: "ada" });
    provider.approveDevice(device.userCode);
    await device.connection();
    expect(pollsOf(provider)).toEqual([5_000, 65_000]);
  });

  test("R48 stops when the code has expired, and asks no more", async () => {
    const { keeper, provider, at } = await createWorld({ device: { lifetimeSeconds: 12 } });
    const device = await keeper.device("main", { owner: "ada" });
    expect(await codeOf(device.connection())).toBe("flow_expired");
    expect(pollsOf(provider)).toEqual([5_000, 10_000]);
    expect(at()).toBe(12_000);
  });

  test("a user who says no is consent_denied, and nothing is stored", async () => {
    const { keeper, provider } = await createWorld();
    const device = await keeper.device("main", { owner: "ada" });
    provider.denyDevice(device.userCode);
    expect(await codeOf(device.connection())).toBe("consent_denied");
    for await (const connection of keeper.connections()) expect(connection).toBeUndefined();
  });

  test("all who wait get the same connection", async () => {
    const { keeper, provider } = await createWorld();
    const device = await keeper.device("main", { owner: "ada" });
    provider.approveDevice(device.userCode);
    const [one, two] = await Promise.all([device.connection(), device.connection()]);
    expect(one?.id).toBe(two?.id);
    expect(provider.log.devicePolls.filter(({ outcome }) => outcome === "issued").length).toBe(1);
  });

  test("H10 a signal ends one wait, and when nobody waits the provider is asked no more; waiting can begin again", async () => {
    const { keeper, provider } = await createWorld();
    const device = await keeper.device("main", { owner: "ada" });
    const controller = new AbortController();
    const waiting = device.connection({ signal: controller.signal });
    controller.abort();
    expect(await codeOf(waiting)).toBe("aborted");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(pollsOf(provider)).toEqual([]);
    provider.approveDevice(device.userCode);
    expect((await device.connection()).connector).toBe("main");
  });

  test("R48 who begins to wait in the moment in which another one ends polls no sooner", async () => {
    const { keeper, provider } = await createWorld();
    const device = await keeper.device("main", { owner: "ada" });
    const controller = new AbortController();
    const ended = device.connection({ signal: controller.signal });
    controller.abort();
    const waiting = device.connection();
    expect(await codeOf(ended)).toBe("aborted");
    provider.approveDevice(device.userCode);
    await waiting;
    expect(pollsOf(provider)).toEqual([5_000]);
  });

  test("R48 who waits in short turns polls as often as one who waits in one", async () => {
    let time = began;
    const pauses: number[] = [];
    const provider = await startProvider(connector, { now: () => time });
    const environment = createEnvironment(() => time);
    const keeper = keeperIn(
      {
        ...environment,
        after(ms, task) {
          if (isTimeOut(ms)) return environment.after(ms, task);
          pauses.push(ms);
          return () => undefined;
        },
      },
      provider.connector,
    );
    closing.push(() => provider.close());
    const device = await keeper.device("main", { owner: "ada" });
    for (const pauseMs of [5_000, 3_000, 1_000]) {
      const controller = new AbortController();
      const turn = device.connection({ signal: controller.signal });
      expect(pauses.at(-1)).toBe(pauseMs);
      time += 2_000;
      controller.abort();
      expect(await codeOf(turn)).toBe("aborted");
    }
  });

  test("asks for more scopes where it is told to, and for those of the connector in any case", async () => {
    const { keeper, provider } = await createWorld();
    const device = await keeper.device("main", { owner: "ada", scopes: ["write"] });
    provider.approveDevice(device.userCode);
    const connection = await device.connection();
    expect((await connection.token()).scopes).toEqual(["read", "write"]);
  });

  test("a closed keeper polls no more", async () => {
    const { keeper, provider } = await createWorld();
    const device = await keeper.device("main", { owner: "ada" });
    await keeper.close();
    expect(await codeOf(device.connection())).toBe("closed");
    expect(provider.log.devicePolls).toEqual([]);
  });

  test("a keeper that closes ends the waits, and leaves no timer that would hold its process", async () => {
    const provider = await startProvider(connector);
    const timers = new Set<number>();
    let count = 0;
    const environment = {
      ...createEnvironment(),
      after(ms: number, task: () => void) {
        const timer = count++;
        timers.add(timer);
        const callOff = createEnvironment().after(ms, () => {
          timers.delete(timer);
          task();
        });
        return () => {
          timers.delete(timer);
          callOff();
        };
      },
    };
    const keeper = keeperIn(environment, provider.connector);
    closing.push(() => provider.close());
    const device = await keeper.device("main", { owner: "ada" });
    const controller = new AbortController();
    const given = device.connection({ signal: controller.signal });
    expect(timers.size).toBe(1);
    controller.abort();
    expect(await codeOf(given)).toBe("aborted");
    expect(timers.size).toBe(0);
    const waiting = device.connection();
    const [code] = await Promise.all([codeOf(waiting), keeper.close().then(() => expect(timers.size).toBe(0))]);
    expect(code).toBe("closed");
  });

  test("R36 an error under HTTP 200 is the provider's, in its words", async () => {
    const body = { error: "device_flow_disabled", error_description: "Enable it for this app." };
    const { keeper } = await createWorld({}, async () => Response.json(body));
    const failure = await keeper.device("main", { owner: "ada" }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "provider_rejected",
      message: expect.stringContaining("device_flow_disabled (Enable it for this app.)"),
    });
  });

  test.each([
    ["javascript:alert(1)", "javascript:alert(1)"],
    ["a page with a user in its address", "https://user@login.example.com/device"],
    ["no address", "device"],
  ])("R12 refuses %s as the page to show", async (_, verification_uri) => {
    const body = { device_code: "d", user_code: "ABCD", verification_uri, expires_in: 900 };
    const { keeper } = await createWorld({}, async () => Response.json(body));
    expect(await codeOf(keeper.device("main", { owner: "ada" }))).toBe("invalid_response");
  });

  test("R55 refuses a user code that is no line", async () => {
    const body = { device_code: "d", user_code: "A\u001b[2J", verification_uri: "https://a.example", expires_in: 900 };
    const { keeper } = await createWorld({}, async () => Response.json(body));
    expect(await codeOf(keeper.device("main", { owner: "ada" }))).toBe("invalid_response");
  });

  test("a connector without it says so", async () => {
    const { keeper } = await createWorld();
    const { deviceAuthorizationEndpoint: _, ...without } = keeper.connectors.main;
    const other = assembleKeeper(
      { connectors: { main: without }, keys: [key], callbackUrl, logger: silent },
      createEnvironment(),
      undefined,
    );
    expect(await codeOf(other.device("main", { owner: "ada" }))).toBe("invalid_request");
    await other.close();
  });
});

async function pollsCome({ log }: Awaited<ReturnType<typeof createWorld>>["provider"], count: number): Promise<void> {
  while (log.devicePolls.length < count) await new Promise((resolve) => setImmediate(resolve));
}
