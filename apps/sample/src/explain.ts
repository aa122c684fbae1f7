import { isGrantkeeperError } from "@grantkeeper/core";
import { readPorts } from "./ports.ts";
import { portsAfter, type Settings } from "./settings.ts";

/** One line that says what to do, instead of a stack trace. */
export function explain(error: unknown): string {
  if (isGrantkeeperError(error)) return `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}

/**
 * The same for a start that failed, which is most often the second one. Several processes may share the data, but each
 * port has one, and emulated providers keep theirs with the data.
 */
export async function explainStart(error: unknown, { port, dataDirectory, clients }: Settings): Promise<string> {
  const taken = takenPort(error);
  if (taken === undefined) return explain(error);

  const emulates = Object.values(clients).includes(undefined);
  const ports = await readPorts(dataDirectory, port);
  for (const candidate of new Set([port, ports.sample])) {
    if (!(await isSample(candidate))) continue;
    const other = emulates ? ", and another SAMPLE_DATA_DIR if you set that" : "";
    return `one is running already at http://localhost:${candidate}. Use that one, or stop it; for a second one choose another PORT${other}.`;
  }
  return taken >= port && taken <= port + portsAfter
    ? `port ${taken} is taken; PORT=${port} needs ${emulates ? `${port} to ${port + portsAfter}` : "it"}. Stop what uses it, or choose another PORT.`
    : `port ${taken} is taken, where the connections in ${dataDirectory} have their emulated provider. Stop what uses it, or choose another SAMPLE_DATA_DIR.`;
}

function takenPort(error: unknown): number | undefined {
  if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE" && "port" in error)) return undefined;
  return Number(error.port);
}

async function isSample(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://localhost:${port}/`, { signal: AbortSignal.timeout(1000) });
    return (await response.text()).includes("Grantkeeper sample</title>");
  } catch {
    return false;
  }
}
