import type { Manifest } from "./workspace.ts";

/** A connector's package.json: its own description, version and dependencies, and what all connectors share. */
export function connectorManifest(id: string, own: Manifest): string {
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
    exports: { ".": "./src/index.ts" },
    publishConfig: {
      access: "public",
      exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
    },
    scripts: { build: "tsup --config ../../../tsup.config.base.ts" },
    dependencies: sorted({ ...own.dependencies, "@grantkeeper/core": "workspace:^" }),
    devDependencies: sorted({ ...own.devDependencies, "@grantkeeper/testing": "workspace:^" }),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function sorted(dependencies: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(dependencies).sort(([one], [other]) => (one < other ? -1 : 1)));
}
