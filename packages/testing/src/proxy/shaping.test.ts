import { afterEach, expect, test } from "vitest";
import { closeAll, echo, roundTripElsewhere, settled, startNetwork, writeInTurn } from "./example-network.ts";
import type { NetworkFault } from "./faults.ts";

const hour = 3_600_000;
const waiting = { timeout: 60_000, interval: 5 };

afterEach(closeAll);

test("latency delays the direction that it names, and both where it names none", async () => {
  const { proxy, dial } = await startNetwork(echo);
  const times: number[] = [];
  for (const direction of ["upstream", "downstream", undefined] as const) {
    const added = proxy.add({ kind: "latency", delayMs: 60, ...(direction && { direction }) });
    const client = dial();
    const started = performance.now();
    client.socket.write("hello");
    await client.received(5);
    times.push(performance.now() - started);
    added.remove();
  }
  expect(times[0]).toBeGreaterThanOrEqual(60);
  expect(times[1]).toBeGreaterThanOrEqual(60);
  expect(times[2]).toBeGreaterThanOrEqual(120);
});

test("a direction that a fault does not name passes at once", async () => {
  const { proxy, dial, nthServed } = await startNetwork(({ socket }) => void socket.write("hello"));
  proxy.add({ kind: "latency", delayMs: hour, direction: "upstream" });
  const client = dial();
  client.socket.write("late");
  expect(String(await client.received(5))).toBe("hello");
  expect((await nthServed(1)).bytes().length).toBe(0);
});

test("bandwidth lets no more bytes pass than it has", async () => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  proxy.add({ kind: "bandwidth", bytesPerSecond: 1000, direction: "upstream" });
  const client = dial();
  const started = performance.now();
  client.socket.end(Buffer.alloc(250));
  const server = await nthServed(1);
  expect(await server.outcome).toBe("FIN");
  expect(performance.now() - started).toBeGreaterThanOrEqual(250);
  expect(server.bytes().length).toBe(250);
  expect(server.chunks.length).toBeGreaterThan(1);
});

test("slices arrive as pieces of their size", async () => {
  const { proxy, dial, nthServed } = await startNetwork(({ socket }) => void socket.end("abcdefghij"));
  proxy.add({ kind: "slice", bytes: 7, delayMs: 2, direction: "upstream" });
  proxy.add({ kind: "slice", bytes: 3, delayMs: 2, direction: "downstream" });
  const client = dial();
  client.socket.end("0123456789".repeat(5));
  const server = await nthServed(1);
  expect(await Promise.all([server.outcome, client.outcome])).toEqual(["FIN", "FIN"]);
  expect(String(server.bytes())).toBe("0123456789".repeat(5));
  expect(server.chunks.map(({ length }) => length)).toEqual([7, 7, 7, 7, 7, 7, 7, 1]);
  expect(client.chunks.map(String)).toEqual(["abc", "def", "ghi", "j"]);
});

test("thousands of pieces wait for one delay, and arrive in order", async () => {
  const { proxy, dial } = await startNetwork(echo);
  proxy.add({ kind: "slice", bytes: 1, delayMs: 0, direction: "upstream" });
  proxy.add({ kind: "latency", delayMs: 20, direction: "upstream" });
  const client = dial();
  const sent = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
  client.socket.write(sent);
  expect((await client.received(sent.length)).equals(sent)).toBe(true);
});

test("a slow close lets data pass, and their end later", async () => {
  const { proxy, dial, nthServed } = await startNetwork(({ socket }) => void socket.end("bye"));
  const added = proxy.add({ kind: "slowClose", delayMs: hour });
  const client = dial();
  client.socket.end("hello");
  const server = await nthServed(1);
  expect(String(await client.received(3))).toBe("bye");
  expect(String(await server.received(5))).toBe("hello");
  await roundTripElsewhere();
  expect([client.socket.readableEnded, server.socket.readableEnded]).toEqual([false, false]);
  added.remove();
  expect(await Promise.all([client.outcome, server.outcome])).toEqual(["FIN", "FIN"]);
});

test("a slow close that is not removed ends by itself", async () => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  proxy.add({ kind: "slowClose", delayMs: 30, direction: "upstream" });
  const client = dial();
  const server = await nthServed(1);
  const started = performance.now();
  client.socket.end();
  expect(await server.outcome).toBe("FIN");
  expect(performance.now() - started).toBeGreaterThanOrEqual(30);
});

test.each<NetworkFault>([
  { kind: "hold", direction: "upstream" },
  { kind: "latency", delayMs: hour, direction: "upstream" },
  { kind: "bandwidth", bytesPerSecond: 1, direction: "upstream" },
  { kind: "slice", bytes: 1, delayMs: hour, direction: "upstream" },
])("what $kind delays on an open connection arrives when it is removed, whole and in order", async (fault) => {
  const { proxy, dial, nthServed } = await startNetwork(echo);
  const client = dial();
  client.socket.write("zero,");
  await client.received(5);
  const added = proxy.add(fault);
  client.socket.write("one,");
  await roundTripElsewhere();
  client.socket.write("two,");
  await roundTripElsewhere();
  const server = await nthServed(1);
  expect(server.bytes().length).toBeLessThan(5 + 8);
  added.remove();
  client.socket.end("three");
  expect(await client.outcome).toBe("FIN");
  expect(String(server.bytes())).toBe("zero,one,two,three");
  expect(client.bytes().equals(server.bytes())).toBe(true);
});

test("what waits in an earlier fault passes through one that is added later", async () => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  const held = proxy.add({ kind: "hold", direction: "upstream" });
  const client = dial();
  client.socket.end("0123456789");
  const server = await nthServed(1);
  await roundTripElsewhere();
  proxy.add({ kind: "slice", bytes: 4, delayMs: 2, direction: "upstream" });
  held.remove();
  expect(await server.outcome).toBe("FIN");
  expect(server.chunks.map(String)).toEqual(["0123", "4567", "89"]);
});

test("a fault that holds data stops the writer, and what was written arrives", async () => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  const held = proxy.add({ kind: "hold" });
  const client = dial();
  const chunk = Buffer.alloc(64 * 1024, "0123456789abcdef");
  const count = 1024;
  const taken = writeInTurn(client.socket, chunk, count);
  const server = await nthServed(1);
  expect(await settled(taken)).toBeLessThan(count / 2);
  held.remove();
  expect(await server.outcome).toBe("FIN");
  expect(server.bytes().equals(Buffer.concat(Array(count).fill(chunk)))).toBe(true);
});

test("a side that resets during a delay ends the other, and what was delayed is gone", async () => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  proxy.add({ kind: "latency", delayMs: hour });
  const client = dial();
  client.socket.write("never");
  const server = await nthServed(1);
  await roundTripElsewhere();
  client.socket.resetAndDestroy();
  expect(await server.outcome).toBe("ECONNRESET");
  expect(server.bytes().length).toBe(0);
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
});

test("a client that gives up with FIN leaves its delayed request on the way", async () => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  const held = proxy.add({ kind: "hold" });
  const client = dial();
  client.socket.write("request");
  const server = await nthServed(1);
  await roundTripElsewhere();
  client.socket.destroy();
  await roundTripElsewhere();
  expect(proxy.connections.open).toBe(1);
  held.remove();
  expect(await server.outcome).toBe("FIN");
  expect(String(server.bytes())).toBe("request");
});
