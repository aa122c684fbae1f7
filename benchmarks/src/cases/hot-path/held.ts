import type { Case } from "../../runner/case.ts";

const side = (name: string): URL => new URL(`sides/held-${name}.ts`, import.meta.url);
const clients = ["google-auth-library", "simple-oauth2", "@octokit/auth-oauth-user", "@octokit/auth-app"];

/** (a) From the process's own memory. */
export const held: Case = {
  name: "hot-path/held",
  title: "A valid token from the process's own memory, from an object that is held.",
  figure: "nanoseconds",
  better: "lower",
  sides: [
    { name: "grantkeeper", module: side("grantkeeper") },
    { name: "google-auth-library", module: side("google") },
    { name: "simple-oauth2", module: side("simple-oauth2") },
    { name: "@octokit/auth-oauth-user", module: side("octokit-user") },
    { name: "@octokit/auth-app", module: side("octokit-app") },
  ],
  targets: ({ figure, ratio }) => [
    {
      text: "nanoseconds at the median",
      measured: figure("grantkeeper", "nanoseconds").median,
      limit: 1_000,
      bound: "at most",
    },
    {
      text: "as a multiple of the fastest held client",
      measured: Math.max(...clients.map((client) => ratio("grantkeeper", client).median)),
      limit: 1,
      bound: "at most",
    },
  ],
};
