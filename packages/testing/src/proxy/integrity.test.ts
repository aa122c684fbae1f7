import { afterEach, expect, test } from "vitest";
import { closeAll, echo, startNetwork } from "./example-network.ts";
import type { AddedFault, Direction, NetworkFault } from "./faults.ts";
import type { FaultProxy } from "./options.ts";
import { seeded } from "./seeded.ts";

afterEach(closeAll);

const seeds = Array.from({ length: 30 }, (_, index) => index / 32);

// The seed in the title replays all that is chosen, though not the times at which it happens.
test.each(seeds)("whatever delays and slices them, bytes arrive as they were sent (seed %f)", async (seed) => {
  const choose = choicesFrom(seed);
  const { proxy, dial, served } = await startNetwork(echo, { random: seeded(seed) });
  for (let count = choose(1, 4); count > 0; count--) proxy.add(shapingFault(choose));

  const clients = Array.from({ length: choose(1, 3) }, () => ({ ...dial(), ...writer(proxy, choose) }));
  await Promise.all(clients.map(({ socket, write }) => write(socket)));

  expect(await Promise.all(clients.map(({ outcome }) => outcome))).toEqual(clients.map(() => "FIN"));
  for (const { bytes, sent } of clients) expect(bytes().equals(sent)).toBe(true);
  const inAnyOrder = (buffers: readonly Buffer[]) => buffers.map((bytes) => bytes.toString("hex")).sort();
  expect(inAnyOrder(served.map(({ bytes }) => bytes()))).toEqual(inAnyOrder(clients.map(({ sent }) => sent)));
});

/** A whole number between two, both included. */
type Choose = (from: number, to: number) => number;

function choicesFrom(seed: number): Choose {
  const random = seeded(seed);
  return (from, to) => from + Math.floor(random() * (to - from + 1));
}

/** Writes random bytes in random pieces, and adds and removes faults meanwhile. */
function writer(proxy: FaultProxy, chooseSeed: Choose) {
  const choose = choicesFrom(chooseSeed(0, 999_999) / 1_000_000);
  const sent = Buffer.from(Array.from({ length: choose(1, 40_000) }, () => choose(0, 255)));
  const write = async (socket: NodeJS.WritableStream) => {
    const added: AddedFault[] = [];
    let from = 0;
    while (from < sent.length) {
      const to = from + choose(1, 9_000);
      socket.write(sent.subarray(from, to));
      from = to;
      await new Promise((resolve) => setTimeout(resolve, choose(0, 3)));
      if (choose(1, 5) === 1) added.push(proxy.add(shapingFault(choose)));
      if (choose(1, 4) === 1) added.shift()?.remove();
    }
    socket.end();
  };
  return { sent, write };
}

function shapingFault(choose: Choose): NetworkFault {
  const directions: readonly (Direction | undefined)[] = ["upstream", "downstream", undefined];
  const direction = directions[choose(0, 2)];
  const where = direction === undefined ? {} : { direction };
  switch (choose(0, 3)) {
    case 0:
      return { kind: "latency", delayMs: choose(0, 20), jitterMs: choose(0, 20), ...where };
    case 1: {
      const bytes = choose(500, 3000);
      return { kind: "slice", bytes, jitterBytes: choose(0, bytes - 1), delayMs: choose(0, 3), ...where };
    }
    case 2:
      return { kind: "bandwidth", bytesPerSecond: choose(200_000, 2_000_000), ...where };
    default:
      return { kind: "slowClose", delayMs: choose(0, 20), ...where };
  }
}
