import { brevo } from "@grantkeeper/brevo";
import type { Connector, ConnectorMap, Keeper } from "@grantkeeper/core";
import { github } from "@grantkeeper/github";
import { google } from "@grantkeeper/google";
import { slack } from "@grantkeeper/slack";
import type { Client, Settings } from "./settings.ts";

/** What the sample's users can connect. */
export interface SampleConnectors extends ConnectorMap {
  readonly github: Connector<never, never, never>;
  readonly google: Connector<never, never, never>;
  readonly slack: Connector<never, "user", never>;
  readonly brevo: Connector<never, never, "apiKey">;
}

/** Those whose users consent, to a client that is registered there. */
export type ClientKey = "github" | "google" | "slack";
export type ConnectorKey = ClientKey | "brevo";
export type TokenSetName = "default" | "user";
export type SampleKeeper = Keeper<SampleConnectors>;

export const clientKeys: readonly ClientKey[] = ["github", "google", "slack"];
export const connectorKeys: readonly ConnectorKey[] = [...clientKeys, "brevo"];

/** Describes the connectors. Without a client of its own each gets the one that its emulated provider knows. */
export function createConnectors(clients: Settings["clients"]): SampleConnectors {
  return {
    github: github({ ...(clients.github ?? emulatedClient), scopes: ["repo", "read:user"] }),
    google: google({
      ...(clients.google ?? emulatedClient),
      scopes: ["email", "profile", "https://www.googleapis.com/auth/calendar.readonly"],
    }),
    slack: slack({
      ...(clients.slack ?? emulatedClient),
      scopes: ["channels:read", "chat:write"],
      userScopes: ["search:read"],
    }),
    brevo: brevo(),
  };
}

export function isConnectorKey(text: string): text is ConnectorKey {
  return connectorKeys.some((key) => key === text);
}

/** The token set to use where any will do: `default`, unless the user granted another one only. */
export function tokenSetOf(tokenSets: Readonly<Record<string, unknown>>): TokenSetName {
  return "default" in tokenSets || !("user" in tokenSets) ? "default" : "user";
}

const emulatedClient: Client = { clientId: "grantkeeper-sample", clientSecret: "known-to-the-emulator-only" };
