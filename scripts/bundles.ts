import { join } from "node:path";
import { bundleConnector } from "./lib/bundle.ts";
import type { Say } from "./lib/check.ts";
import { installPacked, loadsOf, sizeOf, smokeProblems, startMilliseconds } from "./lib/installed.ts";
import { packPackages } from "./lib/packed.ts";
import { connectorPackages, type Manifest } from "./lib/workspace.ts";

export const name = "bundles";

const CONNECTOR_LIMIT_BYTES = 1536;
const INSTALLED_LIMIT_BYTES = 3 * 1024 * 1024;
/** As a multiple of what Node takes to load its own HTTP client on the same machine, which may be slow or busy. */
const START_LIMIT = 7;
const START_REFERENCE = "node:https";
const FORBIDDEN_IN_CONNECTORS = ["crypto", "createHmac", "subtle", "openid-client", "keyv"];
/** Connectors of a protocol have its name, which stands in the URLs of many a provider. */
const PROTOCOLS = ["oauth2", "oidc"];
const INSTALLED = ["@grantkeeper/core", "@grantkeeper/github"];

/** Connectors are small and hold nothing of one another; the core installs small and starts fast. */
export async function run(say: Say): Promise<readonly string[]> {
  return [...(await connectorProblems(say)), ...(await installedProblems(say))];
}

async function connectorProblems(say: Say): Promise<readonly string[]> {
  const connectors = connectorPackages();
  const entries = connectors.flatMap(({ id, folder, manifest }) =>
    entriesOf(manifest).map(([name, entry]) => ({ id: name === "." ? id : `${id}${name.slice(1)}`, folder, entry })),
  );
  const problems: string[] = [];
  let largest = { id: "none", bytes: 0 };
  for (const { id, folder, entry } of entries) {
    const { text, bytes, inputs } = await bundleConnector(folder, entry);
    if (bytes > largest.bytes) largest = { id, bytes };
    if (bytes >= CONNECTOR_LIMIT_BYTES) {
      problems.push(
        `${id} is ${bytes} bytes gzipped, not below ${CONNECTOR_LIMIT_BYTES}. ` +
          "Load what only tests and demonstrations need (its emulation) by a dynamic import.",
      );
    }
    for (const file of foreignFiles(inputs)) {
      problems.push(`${id}'s bundle holds ${file}. A connector imports its own files and @grantkeeper/core/connector.`);
    }
    const others = connectors
      .map((other) => other.id)
      .filter((other) => other !== id.split("/")[0] && !PROTOCOLS.includes(other));
    for (const word of wordsIn(text, [...others, ...FORBIDDEN_IN_CONNECTORS])) {
      problems.push(`${id}'s bundle holds the word "${word}". Remove the import or the text that brings it in.`);
    }
  }
  say(
    `largest of ${entries.length} entries of ${connectors.length} connectors: ${largest.id}, ${largest.bytes} bytes gzipped`,
  );
  return problems;
}

/** The entries of a package by their names, as sources. Exported for its test. */
export function entriesOf({ exports = {} }: Pick<Manifest, "exports">): readonly (readonly [string, string])[] {
  return Object.entries(exports).flatMap(([name, source]) => (typeof source === "string" ? [[name, source]] : []));
}

/** Of a bundle's files, from the package's folder, those of other packages than the core. Exported for its test. */
export function foreignFiles(inputs: readonly string[]): readonly string[] {
  return inputs.filter((file) => !file.startsWith("src/") && !file.startsWith("../../core/"));
}

/** Exported for its test. */
export function wordsIn(text: string, words: readonly string[]): readonly string[] {
  return words.filter((word) => new RegExp(`(?<!\\w)${word}(?!\\w)`, "i").test(text));
}

async function installedProblems(say: Say): Promise<readonly string[]> {
  const folder = await installPacked(await packPackages(), INSTALLED);
  const bytes = sizeOf(join(folder, "node_modules"));
  const milliseconds = await startMilliseconds(folder, INSTALLED);
  const ratio = milliseconds / (await startMilliseconds(folder, [START_REFERENCE]));
  const loaded = await loadsOf(folder, INSTALLED);
  const smoke = await smokeProblems(folder);
  say(
    smoke === undefined
      ? "not run on the oldest Node: that is done on Linux with an x64 processor only"
      : "run on the oldest Node that they allow",
  );
  say(
    `${INSTALLED.join(" + ")}: ${mebibytes(bytes)} installed, imported in ${milliseconds.toFixed(0)} ms, ${ratio.toFixed(1)} times ${START_REFERENCE}`,
  );
  return [
    ...(smoke ?? []),
    ...(bytes < INSTALLED_LIMIT_BYTES
      ? []
      : [
          `${INSTALLED.join(" + ")} install ${mebibytes(bytes)}, not below ${mebibytes(INSTALLED_LIMIT_BYTES)}. Drop a dependency.`,
        ]),
    ...(ratio < START_LIMIT
      ? []
      : [
          `${INSTALLED.join(" + ")} take ${ratio.toFixed(1)} times as long to import as ${START_REFERENCE}, not below ${START_LIMIT}. Load less, or later.`,
        ]),
    ...loaded
      .filter((url) => /\bundici\b/.test(url))
      .map(
        (url) => `Importing ${INSTALLED.join(" + ")} loads ${url}. Use the fetch that is passed in, when it is needed.`,
      ),
  ];
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}
