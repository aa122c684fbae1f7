import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { closeAll, echo, roundTripElsewhere, settled, startNetwork, writeInTurn } from "./example-network.ts";

const waiting = { timeout: 60_000, interval: 5 };

afterEach(closeAll);

test("what is swallowed never arrives, nor does its end, and the connection stays open", async () => {
  const { proxy, dial, nthServed } = await startNetwork(echo);
  proxy.add({ kind: "swallow" });
  const client = dial();
  client.socket.end("hello");
  const server = await nthServed(1);
  server.socket.write("hello");
  await roundTripElsewhere();
  expect([client.bytes().length, server.bytes().length]).toEqual([0, 0]);
  expect([client.socket.readableEnded, server.socket.readableEnded]).toEqual([false, false]);
  expect(proxy.connections.open).toBe(1);
});

test("a swallowed direction does not make a writer wait, and the other passes", async () => {
  const { proxy, dial, nthServed } = await startNetwork(({ socket }) => void socket.write("hello"));
  proxy.add({ kind: "swallow", direction: "upstream" });
  const client = dial();
  const written = new Promise<void>((resolve) => client.socket.write(Buffer.alloc(32 * 1024 * 1024), () => resolve()));
  await written;
  expect(String(await client.received(5))).toBe("hello");
  expect((await nthServed(1)).bytes().length).toBe(0);
});

test("a swallowing that times out closes both sides", async () => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  proxy.add({ kind: "swallow", closeAfterMs: 30 });
  const client = dial();
  client.socket.write("hello");
  const server = await nthServed(1);
  expect(await Promise.all([client.outcome, server.outcome])).toEqual(["FIN", "FIN"]);
  // Both are closed, not reset: what is still sent is lost, and each side ends in its own time.
  const closed = [client, server].map(({ socket }) => once(socket, "close"));
  client.socket.end("more");
  server.socket.end("more");
  expect(await Promise.all(closed)).toEqual([[false], [false]]);
  expect([client.bytes().length, server.bytes().length]).toEqual([0, 0]);
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
});

test("a connection that is closed while its writer waits is read to its end", async () => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  proxy.add({ kind: "hold", direction: "upstream" });
  const client = dial();
  const taken = writeInTurn(client.socket, Buffer.alloc(64 * 1024), 1024);
  await settled(taken);
  proxy.add({ kind: "swallow", closeAfterMs: 0 });
  expect(await Promise.all([client.outcome, (await nthServed(1)).outcome])).toEqual(["FIN", "FIN"]);
  await expect.poll(taken, waiting).toBe(1024);
  (await nthServed(1)).socket.end();
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
});

test("data that have the connection closed at once do not pass", async () => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  proxy.add({ kind: "swallow", closeAfterMs: 0 }, { when: (sent) => sent.includes("hello") });
  const client = dial();
  const server = await nthServed(1);
  const closed = [client, server].map(({ socket }) => once(socket, "close"));
  client.socket.end("hello");
  expect(await Promise.all([client.outcome, server.outcome])).toEqual(["FIN", "FIN"]);
  server.socket.end();
  expect(await Promise.all(closed)).toEqual([[false], [false]]);
  expect(server.bytes().length).toBe(0);
});

test("a swallowing that is removed in time closes nothing", async () => {
  const { proxy, dial } = await startNetwork(echo);
  const client = dial();
  client.socket.write("one");
  await client.received(3);
  const added = proxy.add({ kind: "swallow", closeAfterMs: 30 });
  added.remove();
  await new Promise((resolve) => setTimeout(resolve, 60));
  client.socket.write("two");
  expect(String(await client.received(6))).toBe("onetwo");
});

test("a swallowing that is removed in time does no harm, one that has lost bytes stays silent", async () => {
  const { proxy, dial, nthServed } = await startNetwork(echo);
  const [whole, torn] = [dial(), dial()];
  for (const client of [whole, torn]) {
    client.socket.write("one");
    await client.received(3);
  }
  const added = proxy.add({ kind: "swallow", closeAfterMs: 60_000, direction: "upstream" });
  torn.socket.write("two");
  await roundTripElsewhere();
  added.remove();
  whole.socket.write("three");
  torn.socket.write("three");
  expect(String(await whole.received(8))).toBe("onethree");
  await roundTripElsewhere();
  expect(String((await nthServed(2)).bytes())).toBe("one");
});

test("a reset comes to both sides, and nothing passes before it where it comes at once", async () => {
  const { proxy, dial, nthServed, served } = await startNetwork(echo);
  const open = dial();
  open.socket.write("hello");
  await open.received(5);
  const added = proxy.add({ kind: "reset", afterMs: 0 });
  expect(await Promise.all([open.outcome, (await nthServed(1)).outcome])).toEqual(["ECONNRESET", "ECONNRESET"]);
  const late = dial();
  late.socket.write("hello");
  expect(await late.outcome).toBe("ECONNRESET");
  expect(served.slice(1).map(({ bytes }) => bytes().length)).not.toContain(5);
  expect(added.struck).toBe(2);
});

test("a reset after a time lets pass what comes before, and one that is removed never comes", async () => {
  const { proxy, dial } = await startNetwork(echo);
  const added = proxy.add({ kind: "reset", afterMs: 100 }, { atMost: 1 });
  const never = proxy.add({ kind: "reset", afterMs: 101 });
  const [struck, spared] = [dial(), dial()];
  const started = performance.now();
  spared.socket.write("one");
  await spared.received(3);
  never.remove();
  struck.socket.write("hello");
  expect(await struck.outcome).toBe("ECONNRESET");
  expect(performance.now() - started).toBeGreaterThanOrEqual(90);
  expect(String(struck.bytes())).toBe("hello");
  await new Promise((resolve) => setTimeout(resolve, 50));
  spared.socket.write("two");
  expect(String(await spared.received(6))).toBe("onetwo");
  expect([added.struck, never.struck]).toEqual([1, 2]);
});

const cuts = ([0, 1, 10, 100_000] as const).flatMap((afterBytes) =>
  (["close", "reset"] as const).map((by) => ({ afterBytes, by, outcome: by === "close" ? "FIN" : "ECONNRESET" })),
);

test.each(cuts)("a cut lets $afterBytes bytes of a request pass, and then comes a $by", async (cut) => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  proxy.add({ kind: "cut", direction: "upstream", afterBytes: cut.afterBytes, by: cut.by });
  const client = dial();
  const sent = Buffer.alloc(100_001, "0123456789");
  client.socket.write(sent);
  const server = await nthServed(1);
  expect(await Promise.all([server.outcome, client.outcome])).toEqual([cut.outcome, cut.outcome]);
  expect(server.bytes().equals(sent.subarray(0, cut.afterBytes))).toBe(true);
});

test.each(cuts)("a cut lets $afterBytes bytes of a response pass, and then comes a $by", async (cut) => {
  const sent = Buffer.alloc(100_001, "0123456789");
  const { proxy, dial, nthServed } = await startNetwork(({ socket }) => void socket.write(sent));
  proxy.add({ kind: "cut", direction: "downstream", afterBytes: cut.afterBytes, by: cut.by });
  const client = dial();
  expect(await Promise.all([client.outcome, (await nthServed(1)).outcome])).toEqual([cut.outcome, cut.outcome]);
  expect(client.bytes().equals(sent.subarray(0, cut.afterBytes))).toBe(true);
});

test("a cut before a delay comes behind what the delay holds", async () => {
  const { proxy, dial } = await startNetwork(echo);
  proxy.add({ kind: "cut", direction: "downstream", afterBytes: 9, by: "reset" });
  proxy.add({ kind: "slice", direction: "downstream", bytes: 2, delayMs: 2 });
  proxy.add({ kind: "latency", direction: "downstream", delayMs: 20, jitterMs: 20 });
  const client = dial();
  client.socket.write("0123456789");
  expect(await client.outcome).toBe("ECONNRESET");
  expect(String(client.bytes())).toBe("012345678");
});

test("a cut ends the connection though what it lets pass is swallowed", async () => {
  const { proxy, dial } = await startNetwork(echo);
  proxy.add({ kind: "cut", direction: "downstream", afterBytes: 3, by: "reset" });
  proxy.add({ kind: "swallow", direction: "downstream" });
  const client = dial();
  client.socket.write("0123456789");
  expect(await client.outcome).toBe("ECONNRESET");
  expect(client.bytes().length).toBe(0);
});

test("a cut counts from when it is added, and lets a shorter response pass", async () => {
  const { proxy, dial } = await startNetwork(echo);
  const client = dial();
  client.socket.write("before");
  await client.received(6);
  proxy.add({ kind: "cut", direction: "downstream", afterBytes: 4, by: "reset" });
  client.socket.write("abc");
  expect(String(await client.received(9))).toBe("beforeabc");
  client.socket.write("def");
  expect(await client.outcome).toBe("ECONNRESET");
  expect(String(client.bytes())).toBe("beforeabcd");
});
