import type { Manifest } from "./workspace.ts";

/** A connector's package.json: its own description, version, further entries and dependencies, and what all connectors share. */
export function connectorManifest(id: string, own: Manifest): string {
  const exports = { ".": "./src/index.ts", ...furtherEntries(own) };
  const manifest = {
    name: `@grantkeeper/${id}`,
    version: own.version,
    description: own.description,
    keywords: [...new Set([id, "oauth", "oauth2", "access-token", "refresh-token", "grantkeeper"])],
    license: "MIT",
    type: "module",
    sideEffects: false,
    engines: { node: ">=22.19" },
    files: ["dist"],
    exports,
    publishConfig: { access: "public", exports: built(exports) },
    scripts: { build: "tsup --config ../../../tsup.config.base.ts" },
    dependencies: sorted({ ...own.dependencies, "@grantkeeper/core": "workspace:^" }),
    devDependencies: sorted({ ...own.devDependencies, "@grantkeeper/testing": "workspace:^" }),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function furtherEntries({ exports = {} }: Manifest): Readonly<Record<string, string>> {
  const further = Object.entries(exports).filter(([name]) => name !== ".");
  return sorted(Object.fromEntries(further.map(([name]) => [name, `${name.replace(/^\./, "./src")}.ts`])));
}

/** What the build makes of each entry. */
function built(exports: Readonly<Record<string, string>>): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return Object.fromEntries(
    Object.entries(exports).map(([name, source]) => {
      const path = source.replace(/^\.\/src\/(.*)\.ts$/, "./dist/$1");
      return [name, { types: `${path}.d.ts`, default: `${path}.js` }];
    }),
  );
}

function sorted(dependencies: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(dependencies).sort(([one], [other]) => (one < other ? -1 : 1)));
}
