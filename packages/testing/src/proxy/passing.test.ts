import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { closeAll, dial, echo, listen, settled, startedProxy, startNetwork, writeInTurn } from "./example-network.ts";

const waiting = { timeout: 60_000, interval: 5 };

afterEach(closeAll);

test("without a fault everything passes, and connections are counted", async () => {
  const { proxy, dial } = await startNetwork(echo);
  expect(proxy.origin).toBe(`http://127.0.0.1:${proxy.port}`);
  const sent = Buffer.alloc(1_000_000, "0123456789");
  const [first, second] = [dial(), dial()];
  first.socket.write(sent);
  second.socket.write("hello");
  expect((await first.received(sent.length)).equals(sent)).toBe(true);
  expect(String(await second.received(5))).toBe("hello");
  expect(proxy.connections).toMatchObject({ open: 2, total: 2 });
  first.socket.end();
  expect(await first.outcome).toBe("FIN");
  await expect.poll(() => proxy.connections.open, waiting).toBe(1);
  expect(proxy.connections.total).toBe(2);
});

test("requests of fetch pass, several on one connection", async () => {
  const server = createHttpServer(async (request, response) => response.end(`got ${(await text(request)).length}`));
  const proxy = await startedProxy({ target: { host: "127.0.0.1", port: await listen(server) } });
  for (const length of [0, 10, 300_000]) {
    const response = await fetch(proxy.origin, { method: "POST", body: "x".repeat(length) });
    expect(await response.text()).toBe(`got ${length}`);
  }
});

test("a Unix socket is a target too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fault-proxy-"));
  const path = join(folder, "socket");
  const server = createServer((socket) => socket.pipe(socket)).listen(path);
  try {
    await once(server, "listening");
    const proxy = await startedProxy({ target: { path } });
    const client = dial(proxy.port);
    client.socket.write("hello");
    expect(String(await client.received(5))).toBe("hello");
    proxy.add({ kind: "reset", afterMs: 0 });
    expect(await client.outcome).toBe("ECONNRESET");
    await expect.poll(() => proxy.connections.open, waiting).toBe(0);
  } finally {
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  }
});

test("a client that has ended its side gets what the server sends after that", async () => {
  const { proxy, dial } = await startNetwork(({ socket, bytes }) => {
    socket.on("end", () => socket.end(`got ${bytes().length}`));
  });
  const client = dial();
  client.socket.end(Buffer.alloc(100_000));
  expect(await client.outcome).toBe("FIN");
  expect(String(client.bytes())).toBe("got 100000");
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
});

test("a server that has ended its side gets what the client sends after that", async () => {
  const { proxy, dial, nthServed } = await startNetwork(({ socket }) => void socket.end("bye"));
  const client = dial();
  expect(await client.outcome).toBe("FIN");
  client.socket.end(Buffer.alloc(100_000));
  const server = await nthServed(1);
  expect(await server.outcome).toBe("FIN");
  expect([String(client.bytes()), server.bytes().length]).toEqual(["bye", 100_000]);
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
});

test("a reset of either side is a reset of the other", async () => {
  const { proxy, dial, nthServed } = await startNetwork(echo);
  const first = dial();
  first.socket.write("hello");
  await first.received(5);
  first.socket.resetAndDestroy();
  expect(await (await nthServed(1)).outcome).toBe("ECONNRESET");
  const second = dial();
  second.socket.write("hello");
  await second.received(5);
  (await nthServed(2)).socket.resetAndDestroy();
  expect(await second.outcome).toBe("ECONNRESET");
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
});

test("a target that refuses resets the client, and later ones pass when it is back", async () => {
  const server = createServer((socket) => socket.pipe(socket));
  const port = await listen(server);
  const proxy = await startedProxy({ target: { host: "127.0.0.1", port } });
  await new Promise((resolve) => server.close(resolve));
  const refused = dial(proxy.port);
  expect(await refused.outcome).toBe("ECONNRESET");
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const client = dial(proxy.port);
  client.socket.write("hello");
  expect(String(await client.received(5))).toBe("hello");
});

test("a reader that does not read stops the writer, and gets everything when it reads", async () => {
  const { dial, nthServed } = await startNetwork(({ socket }) => void socket.pause());
  const client = dial();
  const chunk = Buffer.alloc(64 * 1024, "0123456789abcdef");
  const count = 1024;
  const taken = writeInTurn(client.socket, chunk, count);
  const server = await nthServed(1);
  // What the system's buffers take, and what the proxy holds: far from all of it.
  expect(await settled(taken)).toBeLessThan(count / 2);
  server.socket.resume();
  expect(await server.outcome).toBe("FIN");
  expect(server.bytes().equals(Buffer.concat(Array(count).fill(chunk)))).toBe(true);
  expect(taken()).toBe(count);
});
