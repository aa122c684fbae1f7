import { once } from "node:events";
import { isGrantkeeperError } from "@grantkeeper/core";
import { connectorsAt } from "../addresses.ts";
import type { SampleKeeper } from "../connectors.ts";
import { openKeeper } from "../keeper.ts";
import { readClients } from "../settings.ts";
import { askHere } from "./ask-here.ts";
import type { FromSecondProcess, ToSecondProcess } from "./messages.ts";

// Runs as a process of its own, which `startSecondProcess` forks for one asking.

/** A lease is over after 30 seconds, and another process may go on: then nothing is left to be saved here. */
const longestSaveMs = 30_000;

type MessageOf<Kind> = Extract<ToSecondProcess, { readonly kind: Kind }>;

let keeper: SampleKeeper | undefined;
let answered = false;
process.umask(0o077);
// The sample ended, however it did, or wants no answer any more.
process.on("disconnect", end);
// Ctrl+C reaches this process as well as the sample.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);

try {
  const { target, dataDirectory, port, emulated, clockAheadMs } = await heard("open");
  keeper = await openKeeper({
    dataDirectory,
    port,
    connectors: connectorsAt(emulated, readClients(process.env)),
    now: () => Date.now() + clockAheadMs,
  });
  // A keeper reads nothing by itself, and what is wrong should show before anybody asks.
  await keeper.connection(target.connector, { id: target.connectionId }).status();
  await say({ kind: "ready" });
  const share = await askHere({ keeper, target, ...(await heard("ask")) });
  // A refresh behind a token that is still good may run on.
  await keeper.close();
  answered = true;
  await say({ kind: "answered", share });
} catch (error) {
  // One caller's error comes before the others' ends.
  await Promise.allSettled([keeper?.close()]);
  if (!isGrantkeeperError(error)) throw error;
  await say({ kind: "failed", code: error.code, message: error.message });
}
if (process.connected) process.disconnect();

/** Resolves with the next message, which is of this kind as nothing else comes at that time. */
async function heard<Kind extends ToSecondProcess["kind"]>(kind: Kind): Promise<MessageOf<Kind>> {
  const [message] = (await once(process, "message")) as [ToSecondProcess];
  if (!isOf(message, kind)) throw new Error(`A second process expected "${kind}" and got "${message.kind}".`);
  return message;
}

function isOf<Kind extends string>(message: ToSecondProcess, kind: Kind): message is MessageOf<Kind> {
  return message.kind === kind;
}

/** Resolves once it is sent, or nobody is there any more to hear it. */
function say(message: FromSecondProcess): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

/** Ends once what a refresh under way receives is saved: its grant would be lost otherwise. */
function end(): void {
  const exit = (): void => process.exit(answered ? 0 : 1);
  setTimeout(exit, longestSaveMs).unref();
  (keeper?.close() ?? Promise.resolve()).then(exit, exit);
}
