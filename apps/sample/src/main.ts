import { isGrantkeeperError } from "@grantkeeper/core";
import { listen } from "./listen.ts";
import { openSample } from "./sample.ts";
import { readSettings, type Settings } from "./settings.ts";

try {
  await start(readSettings(process.env));
} catch (error) {
  console.error(`Grantkeeper sample: ${explain(error)}`);
  process.exitCode = 1;
}

async function start(settings: Settings): Promise<void> {
  const sample = await openSample(settings);
  let stopListening: () => Promise<void>;
  try {
    stopListening = await listen(sample.app, settings.port);
  } catch (error) {
    await sample.close();
    throw error;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      await stopListening();
      // Waits for refreshes under way, whose answers would be lost otherwise.
      await sample.close();
    });
  }
  console.log(`Grantkeeper sample: ${sample.keeper.callbackUrl.origin}`);
}

/** One line that says what to do, instead of a stack trace. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "EADDRINUSE") {
    const taken = "port" in error ? error.port : "that it needs";
    return `port ${taken} is taken. Stop what uses it, or choose another with PORT (the three after it are used too).`;
  }
  if (isGrantkeeperError(error)) return `${error.message} (${error.code})`;
  return error.message;
}
