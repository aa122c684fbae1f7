import { afterEach, expect, test } from "vitest";
import { closeAll, echo, startNetwork } from "./example-network.ts";
import type { FaultScope, NetworkFault } from "./faults.ts";
import type { FaultProxyOptions } from "./options.ts";
import { startFaultProxy } from "./start.ts";

afterEach(closeAll);

const target = { host: "127.0.0.1", port: 1 };

// What a caller without types may give.
test.each<readonly [unknown, string, string | RegExp]>([
  [undefined, "TypeError", "The options of a fault proxy must be an object, and is undefined."],
  [{}, "TypeError", "target must be an object, and is undefined."],
  [{ target: { host: "127.0.0.1" } }, "TypeError", "target.port must be a whole number, and is undefined."],
  [{ target: { host: "", port: 1 } }, "TypeError", 'target.host must be a text that is not empty, and is "".'],
  [
    { target: { host: "h", port: 65_536 } },
    "RangeError",
    "target.port must be a whole number from 1 to 65535, and is 65536.",
  ],
  [{ target: { path: "/a", port: 1 } }, "TypeError", "target.port is no option. There are: path."],
  [{ target, port: 1.5 }, "RangeError", "port must be a whole number from 0 to 65535, and is 1.5."],
  [{ target, random: 0.5 }, "TypeError", "random must be a function, and is 0.5."],
  [{ target, prot: 1 }, "TypeError", "prot is no option. There are: target, port, random."],
])("options %j are refused", async (options, name, message) => {
  await expect(startFaultProxy(options as FaultProxyOptions)).rejects.toMatchObject({ name, message });
});

test.each<readonly [unknown, string, string | RegExp]>([
  [null, "TypeError", "The fault must be an object, and is null."],
  [{ kind: "toString" }, "TypeError", /^The fault's kind must be one of latency, .*, reset, and is "toString"\.$/],
  [{ kind: "latency" }, "TypeError", "latency.delayMs must be a number of milliseconds, and is undefined."],
  [{ kind: "latency", delayMs: 1, delay: 1 }, "TypeError", /^latency\.delay is no option\. There are: delayMs, /],
  [
    { kind: "latency", delayMs: -1 },
    "RangeError",
    "latency.delayMs must be a number of milliseconds from 0 to 2147483647, and is -1.",
  ],
  [{ kind: "latency", delayMs: 2 ** 31 }, "RangeError", /^latency\.delayMs .* is 2147483648\.$/],
  [{ kind: "latency", delayMs: Number.NaN }, "RangeError", /^latency\.delayMs .* is NaN\.$/],
  [{ kind: "latency", delayMs: 1, jitterMs: "1" }, "TypeError", /^latency\.jitterMs .* is "1"\.$/],
  [
    { kind: "latency", delayMs: 1, direction: "both" },
    "TypeError",
    'latency.direction must be "upstream" or "downstream", and is "both".',
  ],
  [
    { kind: "bandwidth", bytesPerSecond: 0 },
    "RangeError",
    /^bandwidth\.bytesPerSecond must be a whole number of bytes/,
  ],
  [{ kind: "slice", bytes: 1.5, delayMs: 0 }, "RangeError", /^slice\.bytes .* is 1\.5\.$/],
  [{ kind: "slice", bytes: 4, jitterBytes: 4, delayMs: 0 }, "RangeError", /^slice\.jitterBytes must be below/],
  [{ kind: "cut", afterBytes: 1, by: "reset" }, "TypeError", /^cut\.direction must be "upstream" or "downstream"/],
  [{ kind: "cut", direction: "upstream", afterBytes: 1 }, "TypeError", /^cut\.by must be "close" or "reset"/],
  [{ kind: "reset" }, "TypeError", /^reset\.afterMs must be a number of milliseconds/],
  [{ kind: "loseResponse", direction: "upstream" }, "TypeError", /^loseResponse\.direction is no option/],
])("a fault %j is refused", async (fault, name, message) => {
  const { proxy } = await startNetwork(echo);
  expectRefusal(() => proxy.add(fault as NetworkFault), name, message);
});

test.each<readonly [unknown, string, string | RegExp]>([
  [null, "TypeError", "The scope of a fault must be an object, and is null."],
  [{ probability: 1.1 }, "RangeError", "probability must be a number from 0 to 1, and is 1.1."],
  [{ atMost: -1 }, "RangeError", /^atMost must be a whole number from 0 to /],
  [{ connections: "all" }, "TypeError", 'connections must be "open" or "new", and is "all".'],
  [{ when: "COMMIT" }, "TypeError", 'when must be a function, and is "COMMIT".'],
  [{ direction: "upstream" }, "TypeError", /^direction is no option\./],
])("a scope %j is refused", async (scope, name, message) => {
  const { proxy } = await startNetwork(echo);
  expectRefusal(() => proxy.add({ kind: "hold" }, scope as FaultScope), name, message);
});

test("a random number out of bounds is refused", async () => {
  const { proxy, dial } = await startNetwork(echo, { random: () => 1 });
  const client = dial();
  client.socket.write("hello");
  await client.received(5);
  expectRefusal(
    () => proxy.add({ kind: "hold" }, { probability: 0.5 }),
    "RangeError",
    "random must answer numbers of at least 0 and below 1, and answered 1.",
  );
});

function expectRefusal(act: () => unknown, name: string, message: string | RegExp): void {
  let refusal: unknown;
  try {
    act();
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({
    name,
    message: typeof message === "string" ? message : expect.stringMatching(message),
  });
}
