import type { Case } from "../../runner/case.ts";

const side = (name: string): URL => new URL(`sides/stored-${name}.ts`, import.meta.url);

/** (b) From a store. */
export const stored: Case = {
  name: "hot-path/stored",
  title: "A valid token, read from a store in memory and decrypted where it is encrypted, at every call.",
  figure: "nanoseconds",
  better: "lower",
  sides: [
    { name: "grantkeeper", module: side("grantkeeper") },
    { name: "better-auth, encrypted", module: side("better-auth") },
    { name: "msal-node, cache plugin", module: side("msal") },
    { name: "@slack/oauth, plain", module: side("slack") },
  ],
  targets: ({ ratio }) =>
    ["better-auth, encrypted", "msal-node, cache plugin"].map((name) => ({
      text: `times faster than ${name}`,
      measured: ratio(name, "grantkeeper").median,
      limit: 5,
      bound: "at least",
    })),
};
