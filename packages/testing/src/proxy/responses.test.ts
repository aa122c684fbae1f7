import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { closeAll, echo, listen, roundTripElsewhere, startedProxy, startNetwork } from "./example-network.ts";
import type { NetworkFault } from "./faults.ts";
import type { FaultProxy } from "./options.ts";

const waiting = { timeout: 60_000, interval: 5 };

afterEach(closeAll);

test("fetch sees a response that is cut in its body fail, after its status", async () => {
  const { proxy } = await startHttp((body) => body);
  proxy.add({ kind: "cut", direction: "downstream", afterBytes: 1000, by: "reset" });
  const response = await fetch(proxy.origin, { method: "POST", body: "x".repeat(5000) });
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
});

test("the request is delivered whole, the response is lost, and the client sees a reset", async () => {
  const { proxy, bodies } = await startHttp(() => "done");
  proxy.add({ kind: "loseResponse", resetAfterMs: 0 });
  const body = "0123456789".repeat(200_000);
  const failure = await fetch(proxy.origin, { method: "POST", body }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ cause: { code: "ECONNRESET" } });
  expect(bodies).toEqual([body]);
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
  proxy.clear();
  expect(await (await fetch(proxy.origin, { method: "POST", body: "again" })).text()).toBe("done");
});

const sent = Buffer.alloc(4_000_000, "0123456789");

test.each<{ readonly way: string; readonly faults: readonly NetworkFault[]; readonly send: (socket: Socket) => void }>([
  { way: "fast", faults: [], send: (socket) => void socket.write(sent) },
  {
    way: "slow",
    faults: [{ kind: "slice", direction: "upstream", bytes: 16_384, delayMs: 1 }],
    send: (socket) => void socket.write(sent),
  },
  { way: "trickling", faults: [], send: (socket) => trickle(socket, sent) },
])("a server that answers too early gets the whole $way request", async ({ faults, send }) => {
  const { proxy, dial, nthServed } = await startNetwork(({ socket }) => {
    socket.once("data", () => socket.write("too early"));
  });
  for (const fault of faults) proxy.add(fault);
  proxy.add({ kind: "loseResponse", resetAfterMs: 0 });
  const client = dial();
  await once(client.socket, "connect");
  send(client.socket);
  expect(await client.outcome).toBe("ECONNRESET");
  expect(client.bytes().length).toBe(0);
  const server = await nthServed(1);
  expect(await server.outcome).toBe("FIN");
  expect(server.bytes().equals(sent)).toBe(true);
});

/** Writes a little in each turn of the event loop. */
function trickle(socket: Socket, bytes: Buffer): void {
  socket.write(bytes.subarray(0, 20_000));
  if (bytes.length > 20_000) setImmediate(() => trickle(socket, bytes.subarray(20_000)));
}

test("a server whose client was reset goes on with its response, and closes without an error", async () => {
  const { proxy, dial, nthServed } = await startNetwork(({ socket }) => void socket.write("begin"));
  proxy.add({ kind: "loseResponse", resetAfterMs: 0 });
  const client = dial();
  client.socket.end("request");
  const server = await nthServed(1);
  expect(await server.outcome).toBe("FIN");
  await expect.poll(() => client.socket.destroyed, waiting).toBe(true);
  const closed = once(server.socket, "close");
  server.socket.end(Buffer.alloc(8_000_000));
  expect(await closed).toEqual([false]);
  expect(String(server.bytes())).toBe("request");
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
});

test("a lost response without a reset hangs until the client gives up", async () => {
  const { proxy, bodies } = await startHttp(() => "done");
  proxy.add({ kind: "loseResponse" });
  const giveUp = new AbortController();
  let outcome: unknown = "hangs";
  const settled = fetch(proxy.origin, { method: "POST", body: "hello", signal: giveUp.signal }).then(
    (response) => (outcome = response),
    (error: unknown) => (outcome = error),
  );
  await expect.poll(() => bodies, waiting).toEqual(["hello"]);
  await roundTripElsewhere();
  expect(outcome).toBe("hangs");
  giveUp.abort();
  await settled;
  expect(outcome).toMatchObject({ name: "AbortError" });
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
});

test("on an open connection the next response is lost, and with it the connection", async () => {
  const { proxy, dial, nthServed } = await startNetwork(echo);
  const client = dial();
  client.socket.write("begin;");
  await client.received(6);
  proxy.add({ kind: "loseResponse", resetAfterMs: 20 });
  client.socket.write("commit;");
  expect(await client.outcome).toBe("ECONNRESET");
  expect(String(client.bytes())).toBe("begin;");
  expect(String((await nthServed(1)).bytes())).toBe("begin;commit;");
});

async function startHttp(
  answer: (body: string) => string,
): Promise<{ readonly proxy: FaultProxy; readonly bodies: readonly string[] }> {
  const bodies: string[] = [];
  const server = createHttpServer(async (request, response) => {
    const body = await text(request);
    bodies.push(body);
    response.end(answer(body));
  });
  const proxy = await startedProxy({ target: { host: "127.0.0.1", port: await listen(server) } });
  return { proxy, bodies };
}
