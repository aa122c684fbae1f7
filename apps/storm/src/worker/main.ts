import { flushCompileCache } from "node:module";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { isGrantkeeperError } from "@grantkeeper/core";
import { now } from "../clock.ts";
import { createWriter } from "../history/writer.ts";
import { openKeeper } from "../keeper.ts";
import { signInAt } from "../provider/sign-in.ts";
import { createRandom } from "../random.ts";
import { watchStalls } from "../stalls.ts";
import { openStore } from "../store.ts";
import { type Load, startLoad } from "./load.ts";
import type { FromWorker, ToWorker, WorkerSetup } from "./messages.ts";
import { createPoints, type Points } from "./points.ts";
import { recordedFetch } from "./recorded-fetch.ts";
import { recordedStore } from "./recorded-store.ts";
import { rewrapAll, startRotating } from "./rotating.ts";

/** Without these a process would be of no use in a storm; whatever else a caller is told is a failure. */
const explained = ["provider_unavailable", "store_unavailable", "lease_timeout", "closed", "aborted"];

interface Running {
  readonly points: Points;
  rewrap(): Promise<void>;
  leave(): Promise<void>;
}

let running: Running | undefined;

process.on("message", (message: ToWorker) => {
  obey(message).catch((error: unknown) => {
    tell({ kind: "failed", text: inspect(error) });
  });
});
// A terminal interrupts all processes at once: the orchestrator alone decides what that means.
process.on("SIGINT", () => undefined);
// Whoever started this one is gone.
process.on("disconnect", () => process.exit(1));

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "begin":
      // Who is killed writes nothing when it ends, and the next one would compile everything again.
      flushCompileCache();
      running = begin(message.setup);
      return tell({ kind: "ready" });
    case "arm":
      return running?.points.arm(message.armed);
    case "rewrap":
      return running?.rewrap();
    case "leave":
      await running?.leave();
      process.exit(0);
  }
}

function begin(setup: WorkerSetup): Running {
  const writer = createWriter(setup.history);
  const points = createPoints(writer, (armed) => flushed({ kind: "stopping", armed }));
  const { store, close } = openStore(setup.store);
  const { provider, witness, entry } = setup.origins;
  const fetch = recordedFetch({
    ...{ process: setup.process, writer, points },
    tokenEndpoint: setup.connector.tokenEndpoint ?? "",
    route: (purpose) => ({ from: provider, to: purpose === "token" ? entry : witness }),
  });
  const keeper = openKeeper(setup, recordedStore(store, writer, points), { fetch });
  // Faults answer with HTML, too.
  const expected = new Set(setup.faults ? [...explained, "invalid_response"] : explained);
  const onFailure = (text: string): void => tell({ kind: "failed", text });
  let leaving = false;
  keeper.on("connection.needs_reauthorization", ({ connectionId: connection, reason }) => {
    writer.write({ kind: "ended", at: now(), connection, reason });
  });
  const load: Load = startLoad({
    ...{ keeper, writer, customers: setup.customers, random: createRandom(setup.seed) },
    signIn: signInAt(setup.provider),
    apiPath: setup.connector.userinfoEndpoint ?? "",
    onConnected: (customer, connection) => tell({ kind: "connected", customer, connection }),
    ...{ expected, onFailure },
  });
  const stopRotating = setup.rotates ? startRotating({ keeper, writer, expected, onFailure }) : async () => undefined;
  const stopWatching = watchStalls((from, to) => writer.write({ kind: "stalled", at: to, from }));
  const beat = setInterval(() => tell({ kind: "beat" }), 500);

  return {
    points,
    async rewrap() {
      while (!leaving) {
        const isDone = await rewrapAll(keeper, writer, setup.keys[0]?.id).catch((error: unknown) => {
          // A store that is away comes back; a keeper that is closed leaves it to another process.
          if (isGrantkeeperError(error) && explained.includes(error.code)) return false;
          throw error;
        });
        if (isDone) return tell({ kind: "rewrapped" });
        await delay(500);
      }
    },
    async leave() {
      leaving = true;
      await stopRotating();
      await load.stop(() => keeper.close());
      clearInterval(beat);
      stopWatching();
      await close();
      writer.close();
    },
  };
}

function tell(message: FromWorker): void {
  process.send?.(message);
}

function flushed(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
