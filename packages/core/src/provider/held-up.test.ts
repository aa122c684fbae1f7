import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { createEnvironment } from "../environment.ts";
import { sendOnFreshSocket } from "./fresh-socket.ts";
import { type Send, transfer } from "./http.ts";
import { sendBy } from "./transport.ts";

const { after } = createEnvironment();

/** Answers in a thread of its own, so that it goes on while this one stands still. */
const server = `
  const { createServer } = require("node:http");
  const { parentPort } = require("node:worker_threads");
  createServer((request, response) => {
    parentPort.postMessage("arrived");
    setTimeout(() => response.end('{"refresh_token":"new"}'), 50);
  }).listen(0, "127.0.0.1", function () { parentPort.postMessage(this.address().port); });
`;

test.each<[string, Send]>([
  ["fetch", sendBy(fetch)],
  ["a fresh socket", sendOnFreshSocket],
])("F6 by %s an answer that came while the process stood still is read before the deadline counts", async (_, send) => {
  const worker = new Worker(server, { eval: true });
  onTestFinished(async () => void (await worker.terminate()));
  const [port] = (await once(worker, "message")) as [number];
  const sending = transfer(send, `http://127.0.0.1:${port}/`, { method: "POST", body: "x" }, { timeoutMs: 200, after });
  await once(worker, "message");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  expect(await sending).toMatchObject({ kind: "answered", response: { body: { refresh_token: "new" } } });
});
