import { afterEach, expect, test } from "vitest";
import { closeAll, echo, type Network, type Peer, roundTripElsewhere, startNetwork } from "./example-network.ts";
import type { FaultScope } from "./faults.ts";
import { seeded } from "./seeded.ts";

const resetAtOnce = { kind: "reset", afterMs: 0 } as const;

afterEach(closeAll);

test("a fault strikes open connections and new ones, or those of a kind only", async () => {
  const strikes = async (scope: FaultScope) => {
    const network = await startNetwork(echo);
    const open = await dialled(network);
    const added = network.proxy.add(resetAtOnce, scope);
    const later = await attempt(network);
    return { open: await survives(open), later, struck: added.struck };
  };
  expect(await strikes({})).toEqual({ open: false, later: false, struck: 2 });
  expect(await strikes({ connections: "open" })).toEqual({ open: false, later: true, struck: 1 });
  expect(await strikes({ connections: "new" })).toEqual({ open: true, later: false, struck: 1 });
});

test("the numbers of random choose the connections, one for each", async () => {
  const numbers = [0.1, 0.5, 0.29, 0.3, 0.9, 0];
  let drawn = 0;
  const network = await startNetwork(echo, { random: () => numbers[drawn++] ?? 0.99 });
  const added = network.proxy.add(resetAtOnce, { probability: 0.3 });
  const outcomes: boolean[] = [];
  for (const _ of numbers) outcomes.push(await attempt(network));
  expect(outcomes).toEqual([false, true, false, true, true, false]);
  expect([added.struck, drawn]).toEqual([3, 6]);
});

test("the same seed strikes the same connections, whatever else is there", async () => {
  const run = async (seed: number, disturb: (network: Network) => void) => {
    const network = await startNetwork(echo, { random: seeded(seed) });
    disturb(network);
    network.proxy.add(resetAtOnce, { probability: 0.4 });
    const outcomes: boolean[] = [];
    for (let count = 0; count < 20; count++) outcomes.push(await attempt(network));
    return outcomes.map(Number).join("");
  };
  const first = await run(0.1, () => {});
  expect(first).toMatch(/01|10/);
  expect(await run(0.1, ({ proxy }) => void proxy.add({ kind: "bandwidth", bytesPerSecond: 1_000_000 }))).toBe(first);
  expect(await run(0.1, ({ proxy }) => void proxy.add(resetAtOnce, { probability: 0 }))).toBe(first);
  expect(await run(0.2, () => {})).not.toBe(first);
});

test("how data are split changes nothing about which connections are struck later", async () => {
  const run = async (chunks: readonly string[]) => {
    const network = await startNetwork(echo, { random: seeded(0.5) });
    network.proxy.add({ kind: "latency", delayMs: 1, jitterMs: 1 });
    network.proxy.add({ kind: "slice", bytes: 3, jitterBytes: 2, delayMs: 0 });
    network.proxy.add({ kind: "bandwidth", bytesPerSecond: 1_000_000 }, { probability: 0.5, when: () => true });
    network.proxy.add(resetAtOnce, { probability: 0.4 });
    const outcomes: boolean[] = [];
    for (let count = 0; count < 12; count++) outcomes.push(await attempt(network, chunks));
    return outcomes.map(Number).join("");
  };
  const first = await run(["hello world"]);
  expect(first).toMatch(/01|10/);
  expect(await run([..."hello world"])).toBe(first);
});

test("no more connections are struck than it may strike, and the others keep their numbers", async () => {
  const numbers = [0.9, 0.1, 0.1, 0.9];
  let drawn = 0;
  const network = await startNetwork(echo, { random: () => numbers[drawn++] ?? 0.99 });
  const added = network.proxy.add(resetAtOnce, { probability: 0.5, atMost: 1 });
  const outcomes: boolean[] = [];
  for (const _ of numbers) outcomes.push(await attempt(network));
  expect(outcomes).toEqual([true, false, true, true]);
  expect([added.struck, drawn]).toEqual([1, 4]);
});

test("a fault waits for what the client sends, and has struck before that is passed on", async () => {
  const network = await startNetwork(echo);
  const seen: string[] = [];
  const added = network.proxy.add(
    { kind: "cut", direction: "upstream", afterBytes: 3, by: "reset" },
    {
      when: (sent) => {
        seen.push(String(sent));
        return sent.includes("COMMIT");
      },
    },
  );
  const client = network.dial();
  client.socket.write("BEGIN;");
  await client.received(6);
  expect(added.struck).toBe(0);
  client.socket.write("COMMIT;");
  expect(await client.outcome).toBe("ECONNRESET");
  expect(String((await network.nthServed(1)).bytes())).toBe("BEGIN;COM");
  expect([added.struck, seen]).toEqual([1, ["BEGIN;", "COMMIT;"]]);
});

test("a connection is struck once, however often it sends such data", async () => {
  const network = await startNetwork(echo);
  const added = network.proxy.add({ kind: "bandwidth", bytesPerSecond: 1_000_000 }, { when: () => true });
  const client = await dialled(network);
  expect(await survives(client)).toBe(true);
  expect(added.struck).toBe(1);
});

test("a connection that is over is struck by nothing more", async () => {
  const network = await startNetwork(echo);
  const first = network.proxy.add(resetAtOnce);
  const second = network.proxy.add({ kind: "reset", afterMs: 3_600_000 });
  expect(await attempt(network)).toBe(false);
  expect([first.struck, second.struck]).toEqual([1, 0]);
});

test("a response is lost to the request that is named, and to no other", async () => {
  const network = await startNetwork(echo);
  network.proxy.add({ kind: "loseResponse", resetAfterMs: 0 }, { atMost: 1, when: (sent) => sent.includes("COMMIT") });
  const [first, second] = [await dialled(network), await dialled(network)];
  second.socket.write("COMMIT;");
  expect(await second.outcome).toBe("ECONNRESET");
  expect(String((await network.nthServed(2)).bytes())).toContain("COMMIT;");
  first.socket.write("COMMIT;");
  expect(String(await first.received(12))).toBe("helloCOMMIT;");
});

test("with a probability each such request has its chance", async () => {
  const network = await startNetwork(echo, { random: seeded(0.25) });
  const added = network.proxy.add(resetAtOnce, { probability: 0.2, when: (sent) => sent.includes("COMMIT") });
  const survived: number[] = [];
  for (let connection = 0; connection < 8; connection++) {
    const client = network.dial();
    let count = 0;
    for (; count < 1000; count++) {
      client.socket.write("COMMIT;");
      if (
        !(await client.received(7 * (count + 1)).then(
          () => true,
          () => false,
        ))
      )
        break;
    }
    survived.push(count);
  }
  expect(added.struck).toBe(8);
  expect(Math.max(...survived)).toBeGreaterThan(0);
  expect(Math.max(...survived)).toBeLessThan(1000);
  expect(new Set(survived).size).toBeGreaterThan(1);
});

test("a fault that is removed strikes no more, and may be removed twice", async () => {
  const network = await startNetwork(echo);
  const open = await dialled(network);
  const added = network.proxy.add(resetAtOnce, { connections: "new" });
  const waiting = network.proxy.add(resetAtOnce, { when: () => true });
  for (const fault of [added, waiting, added]) fault.remove();
  expect([await attempt(network), await survives(open)]).toEqual([true, true]);
  expect([added.struck, waiting.struck]).toEqual([0, 0]);
});

test("clear removes every fault, and lets go of what they hold", async () => {
  const network = await startNetwork(echo);
  const open = await dialled(network);
  network.proxy.add({ kind: "hold" }, { connections: "open" });
  network.proxy.add(resetAtOnce, { connections: "new" });
  const waiting = network.proxy.add(resetAtOnce, { when: (sent) => sent.includes("still") });
  open.socket.write(" you");
  await roundTripElsewhere();
  expect(String(open.bytes())).toBe("hello");
  network.proxy.clear();
  expect(String(await open.received(9))).toBe("hello you");
  expect([await attempt(network), await survives(open)]).toEqual([true, true]);
  expect(waiting.struck).toBe(0);
});

/** A client whose connection works. */
async function dialled({ dial }: Network): Promise<Peer> {
  const client = dial();
  client.socket.write("hello");
  await client.received(5);
  return client;
}

async function attempt({ dial }: Network, chunks: readonly string[] = ["hello"]): Promise<boolean> {
  const client = dial();
  let sent = 0;
  let survived = true;
  for (const chunk of chunks) {
    client.socket.write(chunk);
    sent += chunk.length;
    survived &&= await client.received(sent).then(
      () => true,
      () => false,
    );
  }
  client.socket.destroy();
  return survived;
}

async function survives(client: Peer): Promise<boolean> {
  const before = client.bytes().length;
  client.socket.write("still there");
  return client.received(before + 11).then(
    () => true,
    () => false,
  );
}
