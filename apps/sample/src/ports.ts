import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConnectorKey } from "./connectors.ts";

/** Where the sample and its emulated providers listen. */
export type Ports = Readonly<Record<"sample" | ConnectorKey, number>>;

const fileIn = (dataDirectory: string): string => join(dataDirectory, "ports.json");

/**
 * The ports of the last start with this data, or those that `port` leads to. A grant remembers the token endpoint that it
 * came from, so an emulated provider stays where it was, whatever port the sample itself moves to.
 */
export async function readPorts(dataDirectory: string, port: number): Promise<Ports> {
  const first: Ports = { sample: port, github: port + 1, google: port + 2, slack: port + 3, brevo: port + 4 };
  try {
    const remembered: Partial<Ports> = JSON.parse(await readFile(fileIn(dataDirectory), "utf8"));
    return { ...first, ...remembered };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return first;
    throw error;
  }
}

export async function rememberPorts(dataDirectory: string, ports: Ports): Promise<void> {
  const file = fileIn(dataDirectory);
  // Whole or not at all: half a file would keep the sample from starting.
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(ports)}\n`);
  await rename(temporary, file);
}
