import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listen } from "../../src/listen.ts";
import { openSample, type Sample } from "../../src/sample.ts";
import { freePorts } from "./free-ports.ts";

export interface TemporarySample extends Sample {
  readonly origin: string;
  readonly dataDirectory: string;
}

/** A sample with a data directory of its own, removed with it. `served` gives it its port, too. */
export async function temporarySample(options: {
  readonly tokenLifetimeSeconds: number;
  readonly served: boolean;
  readonly now?: () => number;
}): Promise<TemporarySample> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "grantkeeper-sample-"));
  const port = await freePorts();
  const { tokenLifetimeSeconds } = options;
  const clients = { github: undefined, google: undefined, slack: undefined };
  const sample = await openSample({ port, dataDirectory, tokenLifetimeSeconds, clients }, options.now);
  const stopListening = options.served ? await listen(sample.app, port) : undefined;
  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    await stopListening?.();
    await sample.close();
    await rm(dataDirectory, { recursive: true });
  }
  return {
    ...sample,
    origin: sample.keeper.callbackUrl.origin,
    dataDirectory,
    close() {
      closing ??= close();
      return closing;
    },
  };
}
