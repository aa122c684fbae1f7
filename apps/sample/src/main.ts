import { unreadFile } from "./database.ts";
import { explain, explainStart } from "./explain.ts";
import { listen } from "./listen.ts";
import { openSample } from "./sample.ts";
import { readSettings, type Settings } from "./settings.ts";

// Whatever is kept, keys and database alike, is for this user only.
process.umask(0o077);

let settings: Settings | undefined;
try {
  settings = readSettings(process.env);
  await start(settings);
} catch (error) {
  say(settings === undefined ? explain(error) : await explainStart(error, settings));
  process.exitCode = 1;
}

async function start(settings: Settings): Promise<void> {
  const sample = await openSample(settings);
  let stopListening: () => Promise<void>;
  try {
    stopListening = await listen(sample.app, settings.port);
  } catch (error) {
    await sample.close().catch(() => undefined);
    throw error;
  }
  onStop(async () => {
    await stopListening();
    // Waits for refreshes under way, whose answers would be lost otherwise.
    await sample.close();
  });
  const unread = unreadFile(settings.dataDirectory);
  if (unread !== undefined) {
    console.log(
      `Grantkeeper sample: ${unread} is in a form that is not read. Connect its accounts again, and delete it.`,
    );
  }
  console.log(`Grantkeeper sample: ${sample.keeper.callbackUrl.origin}`);
}

/** Runs `close` once, and lets no further signal end the process before it is through. */
function onStop(close: () => Promise<void>): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    close().catch((error: unknown) => {
      say(explain(error));
      // What could not be closed must not hold the process.
      process.exit(1);
    });
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
}

function say(problem: string): void {
  console.error(`Grantkeeper sample: ${problem}`);
}
