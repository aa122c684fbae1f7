import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** How many ports follow the sample's own at first. */
export const portsAfter = 4;

/** What a registered OAuth client is known by at its provider. */
export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Settings {
  /** The sample's own port; emulated providers first take the four after it, and stay there. */
  readonly port: number;
  /** Where the database, the keys and the emulated providers' state are. */
  readonly dataDirectory: string;
  /** How long an emulated provider's access tokens live. */
  readonly tokenLifetimeSeconds: number;
  /** Clients of real providers. A connector without one talks to an emulated provider; Brevo's, unless all others are real. */
  readonly clients: Readonly<Record<"github" | "google" | "slack", Client | undefined>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const dataRoot = fileURLToPath(new URL("../.data", import.meta.url));

/** Reads the environment. Everything has a default; half a client is an error rather than a silent emulator. */
export function readSettings(environment: Environment): Settings {
  const port = numberOf(environment, "PORT", 3000, 65_535 - portsAfter);
  return {
    port,
    // One for each port, so that a second sample beside the first needs another PORT and no more.
    dataDirectory: environment["SAMPLE_DATA_DIR"] || join(dataRoot, String(port)),
    tokenLifetimeSeconds: numberOf(environment, "SAMPLE_TOKEN_LIFETIME", 30, 86_400),
    clients: readClients(environment),
  };
}

/** Only the clients: what the environment tells a second process, too. */
export function readClients(environment: Environment): Settings["clients"] {
  return {
    github: clientOf(environment, "GITHUB"),
    google: clientOf(environment, "GOOGLE"),
    slack: clientOf(environment, "SLACK"),
  };
}

function numberOf(environment: Environment, name: string, otherwise: number, maximum: number): number {
  const value = Number(environment[name] || otherwise);
  if (Number.isInteger(value) && value >= 1 && value <= maximum) return value;
  throw new Error(`${name} must be a whole number from 1 to ${maximum}.`);
}

function clientOf(environment: Environment, prefix: string): Client | undefined {
  const clientId = environment[`${prefix}_CLIENT_ID`] || undefined;
  const clientSecret = environment[`${prefix}_CLIENT_SECRET`] || undefined;
  if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
  if (clientId === undefined && clientSecret === undefined) return undefined;
  throw new Error(`Set both ${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET, or neither for the emulator.`);
}
