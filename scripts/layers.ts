import { posix } from "node:path";
import ts from "typescript";
import type { Say } from "./lib/check.ts";
import { findCycles, importsOf, resolveImport } from "./lib/imports.ts";
import { allPackages, connectorPackages, findFiles, isTest, type Package, readFiles } from "./lib/workspace.ts";

export const name = "layers";

/**
 * The layers of packages/core/src from top to bottom, each with those right below it. A file may import its own layer
 * and every layer that one reaches from there; a layer that is not reached is above or beside it.
 */
export const LAYERS_BELOW: Readonly<Record<string, readonly string[]>> = {
  simulation: ["index"],
  index: ["handler"],
  handler: ["keeper"],
  keeper: ["connection", "audit"],
  audit: ["events"],
  connection: ["flow"],
  // A reconnect tries the refresh token that it keeps.
  flow: ["refresh"],
  refresh: ["events"],
  events: ["grant", "actor"],
  grant: ["provider", "vault", "locks", "jitter"],
  // An entry of its own, which nothing else imports: it brings node:https along.
  "guarded-fetch": ["provider"],
  provider: ["connector", "environment", "map-values"],
  connector: ["secret", "errors"],
  secret: ["json"],
  json: [],
  vault: ["keyring", "store"],
  keyring: ["sealing"],
  sealing: ["errors"],
  store: ["errors", "locks"],
  actor: ["errors"],
  errors: [],
  locks: [],
  environment: [],
  jitter: [],
  "map-values": [],
};

/** The layer of each file of packages/core/src: the longest beginning of its path decides. A new file needs its line. */
export const LAYER_OF_FILE: LayerTable["layerOf"] = {
  "simulation/": "simulation",
  "index.ts": "index",
  "handler.ts": "handler",
  keeper: "keeper",
  "connection/": "connection",
  "audit/": "audit",
  "flow/": "flow",
  "refresh/": "refresh",
  "events.ts": "events",
  "actor.ts": "actor",
  "grant/": "grant",
  "map-values.ts": "map-values",
  "guarded-fetch/": "guarded-fetch",
  "provider/": "provider",
  "secret.ts": "secret",
  "connector/": "connector",
  "connector/json": "json",
  "vault/": "vault",
  "vault/keyring.ts": "keyring",
  "vault/cipher": "sealing",
  "vault/derived-key": "sealing",
  "vault/key-provider": "sealing",
  "vault/length-prefixed": "sealing",
  "store/": "store",
  "errors.ts": "errors",
  "locks.ts": "locks",
  "environment.ts": "environment",
  "jitter.ts": "jitter",
};

export interface LayerTable {
  readonly below: Readonly<Record<string, readonly string[]>>;
  readonly layerOf: Readonly<Record<string, string>>;
}

/** Texts of files by their path from the root, with `/`. */
export type Files = ReadonlyMap<string, string>;

const CORE = "packages/core/src/";

/** Imports run downward only, without a circle, and the core knows no connector. */
export async function run(say: Say): Promise<readonly string[]> {
  const sources = findFiles([
    "packages/*/src/**/*.ts",
    "packages/*/*/src/**/*.ts",
    "apps/*/src/**/*.{ts,tsx}",
    "benchmarks/**/*.ts",
  ]);
  const files = readFiles(sources.filter((path) => !isTest(path)));
  const connectorIds = connectorPackages().map(({ id }) => id);
  say(`${files.size} files, ${connectorIds.length} connectors`);
  return [
    ...layerProblems(filesUnder(files, CORE), { below: LAYERS_BELOW, layerOf: LAYER_OF_FILE }),
    ...cycleProblems(files, packageEntries(allPackages())),
    ...boundaryProblems(files),
    ...comparisonProblems(filesUnder(files, CORE), connectorIds),
  ];
}

/** Files of the core without a layer, and imports that do not run downward. */
export function layerProblems(files: Files, { below, layerOf }: LayerTable): readonly string[] {
  const table = "scripts/layers.ts";
  const missing = Object.values(layerOf).filter((layer) => !(layer in below));
  if (missing.length > 0) return [`${table}: no layer ${missing.join(", ")}. Add it to LAYERS_BELOW.`];
  return [...files].flatMap(([path, text]) => {
    const layer = layerOfFile(path, layerOf);
    if (layer === undefined) return [`${path} has no layer. Add it to the table LAYER_OF_FILE in ${table}.`];
    const reached = layersFrom(layer, below);
    return importsOf(text).flatMap((specifier) => {
      const target = resolveImport(path, specifier);
      const targetLayer = target === undefined ? undefined : layerOfFile(target, layerOf);
      if (targetLayer === undefined || reached.has(targetLayer)) return [];
      return [
        `${path} (${layer}) imports ${specifier} (${targetLayer}), which is not below it. ` +
          "Pass what it needs down as an argument, or move it to a lower layer.",
      ];
    });
  });
}

/** Circles among files, through entry points of other packages too. */
export function cycleProblems(files: Files, entries: ReadonlyMap<string, string> = new Map()): readonly string[] {
  const graph = new Map<string, readonly string[]>();
  for (const [path, text] of files) {
    const targets = importsOf(text).map((specifier) => resolveImport(path, specifier, entries));
    graph.set(
      path,
      targets.filter((target): target is string => target !== undefined && files.has(target)),
    );
  }
  return findCycles(graph).map(
    (cycle) =>
      `Files import one another in a circle: ${cycle.join(" → ")}. Move what they share into a file below both.`,
  );
}

/** Imports that leave a connector for more than `@grantkeeper/core/connector`, or the core for another package. */
export function boundaryProblems(files: Files): readonly string[] {
  return [...files].flatMap(([path, text]) => {
    const own = /^packages\/(?:connectors\/[^/]+|core)\//.exec(path)?.[0];
    if (own === undefined) return [];
    return importsOf(text)
      .filter((specifier) => leaves(path, specifier, own))
      .map((specifier) =>
        own === "packages/core/"
          ? `${path} imports ${specifier}. The core imports no other package of this repository.`
          : `${path} imports ${specifier}. A connector imports only @grantkeeper/core/connector and its own files.`,
      );
  });
}

function leaves(path: string, specifier: string, own: string): boolean {
  if (specifier.startsWith(".")) return !posix.join(posix.dirname(path), specifier).startsWith(own);
  return own === "packages/core/" ? specifier.startsWith("@grantkeeper/") : specifier !== "@grantkeeper/core/connector";
}

/** Places where the core asks which provider it deals with. */
export function comparisonProblems(files: Files, connectorIds: readonly string[]): readonly string[] {
  return [...files].flatMap(([path, text]) => {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
    const problems: string[] = [];
    function visit(node: ts.Node): void {
      for (const side of comparedWith(node)) {
        if (!ts.isStringLiteralLike(side) || !connectorIds.includes(side.text)) continue;
        const line = source.getLineAndCharacterOfPosition(side.getStart(source)).line + 1;
        problems.push(
          `${path}:${line} compares with the connector "${side.text}". Give Connector a field or a hook, and let it say.`,
        );
      }
      ts.forEachChild(node, visit);
    }
    visit(source);
    return problems;
  });
}

const COMPARISONS = [
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
];

function comparedWith(node: ts.Node): readonly ts.Expression[] {
  if (ts.isCaseClause(node)) return [node.expression];
  return ts.isBinaryExpression(node) && COMPARISONS.includes(node.operatorToken.kind) ? [node.left, node.right] : [];
}

function layerOfFile(path: string, layerOf: LayerTable["layerOf"]): string | undefined {
  const inside = path.startsWith(CORE) ? path.slice(CORE.length) : path;
  const prefixes = Object.keys(layerOf).filter((prefix) => inside.startsWith(prefix));
  const longest = prefixes.sort((one, other) => other.length - one.length)[0];
  return longest === undefined ? undefined : layerOf[longest];
}

function layersFrom(layer: string, below: LayerTable["below"]): ReadonlySet<string> {
  const reached = new Set([layer]);
  for (const next of reached) for (const lower of below[next] ?? []) reached.add(lower);
  return reached;
}

function packageEntries(packages: readonly Package[]): ReadonlyMap<string, string> {
  return new Map(
    packages.flatMap(({ path, manifest }) =>
      Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) =>
        typeof target === "string" ? [[posix.join(manifest.name, subpath), posix.join(path, target)] as const] : [],
      ),
    ),
  );
}

function filesUnder(files: Files, folder: string): Files {
  return new Map([...files].filter(([path]) => path.startsWith(folder)));
}
