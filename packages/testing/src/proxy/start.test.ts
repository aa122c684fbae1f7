import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, expect, test, vi } from "vitest";
import { closeAll, dial, echo, roundTripElsewhere, startedProxy, startNetwork } from "./example-network.ts";
import { startFaultProxy } from "./start.ts";

const waiting = { timeout: 60_000, interval: 5 };
const hour = 3_600_000;

afterEach(async () => {
  vi.unstubAllEnvs();
  await closeAll();
});

test("R42 the fault proxy does not start under NODE_ENV=production", async () => {
  vi.stubEnv("NODE_ENV", "production");
  await expect(startFaultProxy({ target: { host: "127.0.0.1", port: 1 } })).rejects.toThrow("production");
});

test("it listens on the port that it is given, and rejects where that is taken", async () => {
  const { proxy } = await startNetwork(echo);
  const target = { host: "127.0.0.1", port: 1 };
  await expect(startFaultProxy({ target, port: proxy.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  await proxy.close();
  const again = await startedProxy({ target, port: proxy.port });
  expect(again.port).toBe(proxy.port);
});

test("while it refuses, nobody can connect, open connections live on, and it comes back on its port", async () => {
  const { proxy, dial } = await startNetwork(echo);
  const open = dial();
  open.socket.write("one");
  await open.received(3);
  await proxy.refuse();
  await proxy.refuse();
  expect(await dial().outcome).toBe("ECONNREFUSED");
  open.socket.write("two");
  expect(String(await open.received(6))).toBe("onetwo");
  await proxy.accept();
  await proxy.accept();
  const late = dial();
  late.socket.write("late");
  expect(String(await late.received(4))).toBe("late");
  expect(proxy.connections).toMatchObject({ open: 2, total: 2 });
});

test("refusing and accepting happen one after the other, in the order in which they are asked for", async () => {
  const { proxy, dial } = await startNetwork(echo);
  await Promise.all([proxy.refuse(), proxy.accept(), proxy.refuse()]);
  expect(await dial().outcome).toBe("ECONNREFUSED");
  await Promise.all([proxy.accept(), proxy.refuse(), proxy.accept()]);
  const client = dial();
  client.socket.write("hello");
  expect(String(await client.received(5))).toBe("hello");
});

const tableOfSockets = "/proc/net/tcp";

test.runIf(existsSync(tableOfSockets))(
  "while it refuses, its port is bound, so that the system gives it to nobody",
  async () => {
    const { proxy } = await startNetwork(echo);
    const port = proxy.port.toString(16).toUpperCase().padStart(4, "0");
    const states = async () => {
      const lines = (await readFile(tableOfSockets, "utf8")).split("\n").map((line) => line.trim().split(/\s+/));
      return lines.filter(([, local]) => local === `0100007F:${port}`).map(([, , , state]) => state);
    };
    const [listening, established] = ["0A", "01"];
    expect(await states()).toEqual([listening]);
    await proxy.refuse();
    expect(await states()).toEqual([established]);
    await proxy.accept();
    await expect.poll(states, waiting).toEqual([listening]);
  },
);

test("an accept whose port was taken meanwhile rejects, and may be tried again", async () => {
  const { proxy, dial } = await startNetwork(echo);
  await proxy.refuse();
  const other = createServer().listen(proxy.port, "127.0.0.1");
  await once(other, "listening");
  await expect(proxy.accept()).rejects.toMatchObject({ code: "EADDRINUSE" });
  await new Promise((resolve) => other.close(resolve));
  await proxy.accept();
  const client = dial();
  client.socket.write("hello");
  expect(String(await client.received(5))).toBe("hello");
});

test("a drop resets the connections that are open, and no later one", async () => {
  const { proxy, dial, nthServed } = await startNetwork(echo);
  const clients = [dial(), dial()];
  for (const { socket, received } of clients) {
    socket.write("hello");
    await received(5);
  }
  expect(proxy.drop()).toBe(2);
  expect(proxy.drop()).toBe(0);
  const ends = [...clients, await nthServed(1), await nthServed(2)];
  expect(await Promise.all(ends.map(({ outcome }) => outcome))).toEqual(Array(4).fill("ECONNRESET"));
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
  const late = dial();
  late.socket.write("late");
  expect(String(await late.received(4))).toBe("late");
});

test("a drop that comes as a connection ends by itself leaves nothing open", async () => {
  const { proxy, dial, nthServed } = await startNetwork(() => {});
  for (let turns = 0; turns < 20; turns++) {
    const client = dial();
    const server = await nthServed(turns + 1);
    client.socket.end("bye");
    server.socket.end("bye");
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    proxy.drop();
    await Promise.all([client.outcome, server.outcome]);
  }
  await expect.poll(() => proxy.connections.open, waiting).toBe(0);
});

test("close ends connections that hang in every kind of fault", async () => {
  const { proxy, dial, nthServed } = await startNetwork(echo);
  proxy.add({ kind: "latency", delayMs: hour }, { when: (sent) => sent.includes("latency") });
  proxy.add({ kind: "hold" }, { when: (sent) => sent.includes("hold") });
  proxy.add({ kind: "swallow", closeAfterMs: hour }, { when: (sent) => sent.includes("swallow") });
  proxy.add({ kind: "loseResponse" }, { when: (sent) => sent.includes("loseResponse") });
  proxy.add({ kind: "reset", afterMs: hour }, { when: (sent) => sent.includes("reset") });
  const clients = ["latency", "hold", "swallow", "loseResponse", "reset"].map((kind) => {
    const client = dial();
    client.socket.write(kind);
    return client;
  });
  await nthServed(5);
  await roundTripElsewhere();
  await Promise.all([proxy.close(), proxy.close()]);
  expect(proxy.connections).toMatchObject({ open: 0, total: 5 });
  expect(await Promise.all(clients.map(({ outcome }) => outcome))).toEqual(clients.map(() => "ECONNRESET"));
  expect(await dial().outcome).toBe("ECONNREFUSED");
});

test("close resolves while it refuses", async () => {
  const { proxy } = await startNetwork(echo);
  await proxy.refuse();
  await proxy.close();
  expect(await dial(proxy.port).outcome).toBe("ECONNREFUSED");
});

test("close resolves while the target answers nothing at all", async () => {
  // Blocked, it accepts nobody: its queue of one is soon full, and the system leaves further clients without an answer.
  const child = spawn(process.execPath, [
    "--eval",
    `const server = require("node:net").createServer().listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
       require("node:fs").writeSync(1, String(server.address().port));
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
     });`,
  ]);
  try {
    const [port] = await once(child.stdout, "data");
    const proxy = await startedProxy({ target: { host: "127.0.0.1", port: Number(port) } });
    const clients = Array.from({ length: 5 }, () => dial(proxy.port));
    await Promise.all(clients.map(({ socket }) => once(socket, "connect")));
    await roundTripElsewhere();
    await proxy.close();
    expect(proxy.connections).toMatchObject({ open: 0, total: 5 });
  } finally {
    child.kill("SIGKILL");
  }
});

test("a closed proxy takes no more orders", async () => {
  const { proxy } = await startNetwork(echo);
  await proxy.close();
  expect(() => proxy.add({ kind: "hold" })).toThrow("closed");
  await expect(proxy.accept()).rejects.toThrow("closed");
  await expect(proxy.refuse()).rejects.toThrow("closed");
  proxy.clear();
  expect(proxy.drop()).toBe(0);
});

test("an abort during a delay leaves no timer, and close no handle: the process ends by itself", async () => {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-"], { cwd: import.meta.dirname });
  child.stdin.end(`
    import { once } from "node:events";
    import { connect, createServer } from "node:net";
    import { startFaultProxy } from ${JSON.stringify(join(import.meta.dirname, "start.ts"))};

    const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).resume());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const proxy = await startFaultProxy({ target: { host: "127.0.0.1", port: server.address().port } });
    proxy.add({ kind: "latency", delayMs: ${hour} });
    proxy.add({ kind: "reset", afterMs: ${hour} });
    const open = async () => {
      const client = connect(proxy.port, "127.0.0.1").on("error", () => {});
      client.write("hello");
      await once(server, "connection");
      while (timers() < 2) await new Promise((resolve) => setImmediate(resolve));
      return client;
    };
    const aborted = await open();
    aborted.resetAndDestroy();
    while (proxy.connections.open > 0) await new Promise((resolve) => setImmediate(resolve));
    console.log("timers after an abort: " + timers());
    await open();
    await proxy.refuse();
    await proxy.close();
    console.log("timers after close: " + timers());
    server.close();
  `);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  expect(errors.replace(/^.*(ExperimentalWarning|--trace-warnings).*$/gm, "").trim()).toBe("");
  expect(output.trim().split("\n")).toEqual(["timers after an abort: 0", "timers after close: 0"]);
  expect(code).toBe(0);
});
