import type { Case, Results } from "../../runner/case.ts";

const module = new URL("sides/installed.ts", import.meta.url);

/** What an application writes to get a token of one provider. */
const peers: Readonly<Record<string, string>> = {
  "better-auth": `export { betterAuth } from "better-auth";
export { genericOAuth } from "better-auth/plugins";`,
  "@azure/msal-node": `export { ConfidentialClientApplication } from "@azure/msal-node";`,
  "google-auth-library": `export { OAuth2Client } from "google-auth-library";`,
  "simple-oauth2": `export { AuthorizationCode } from "simple-oauth2";`,
  "@slack/oauth": `export { InstallProvider } from "@slack/oauth";`,
  "@octokit/auth-oauth-user": `export { createOAuthUserAuth } from "@octokit/auth-oauth-user";`,
  "@octokit/auth-app": `export { createAppAuth } from "@octokit/auth-app";`,
  arctic: `export { GitHub } from "arctic";`,
  // Its entry loads what is asked for: here its handler for node:http.
  grant: `export { default } from "grant/lib/handler/node.js";`,
};
const own = `export { createHandler, createKeeper } from "@grantkeeper/core";
export { github } from "@grantkeeper/github";`;

const lighter = Object.keys(peers).filter((name) => name !== "grant");
const slower = lighter.filter((name) => !name.startsWith("@octokit/"));

export const start: Case = {
  name: "start/import",
  title:
    "The core with one connector, and each peer, installed alone: imported in a new process, with a warm file cache.",
  figure: "milliseconds",
  better: "lower",
  sides: [
    { name: "grantkeeper", module, settings: { program: own } },
    ...Object.entries(peers).map(([name, program]) => ({ name, module, settings: { package: name, program } })),
  ],
  targets: (results) => [
    below(results, "KiB installed, of the lightest peer but grant", "installedKiB", lighter),
    below(results, "milliseconds to import, of the fastest peer but grant and octokit", "milliseconds", slower),
  ],
};

function below({ figure }: Results, text: string, name: string, others: readonly string[]) {
  const limit = Math.min(...others.map((other) => figure(other, name).median));
  return { text, measured: figure("grantkeeper", name).median, limit, bound: "at most" } as const;
}
