import { join } from "node:path";
import type { Connector } from "@grantkeeper/core";
import { type EmulatedProvider, type ProviderOptions, startProvider } from "@grantkeeper/testing";
import { addressesOf, type EmulatedAddresses } from "./addresses.ts";
import { type ConnectorKey, clientKeys, createConnectors, type SampleConnectors } from "./connectors.ts";
import { type DemonstrationKey, demonstrationKeys } from "./demonstration-keys.ts";
import type { Ports } from "./ports.ts";
import type { Settings } from "./settings.ts";

/** What the sample's pages need to know about the provider behind a connector. */
export interface Provider {
  readonly name: string;
  /** What an account is connected by: its user's consent, or a key that its user has made there. */
  readonly connectedBy: "consent" | "apiKey";
  /** Whether users may also consent on another device. */
  readonly onOtherDevice: boolean;
  /** Keys that the emulated provider takes. */
  readonly demonstrationKeys: readonly DemonstrationKey[];
  /** Where the browser is sent for consent. */
  readonly authorizationOrigin: string | undefined;
  readonly avatarOrigin: string | undefined;
  readonly exampleCall: { readonly path: string; readonly method: string };
  /** `undefined`: the real one. */
  readonly emulator: EmulatedProvider | undefined;
}

export interface Providers {
  readonly connectors: SampleConnectors;
  readonly byConnector: Readonly<Record<ConnectorKey, Provider>>;
  readonly emulated: EmulatedAddresses;
  readonly close: () => Promise<void>;
}

/** Devices are answered sooner here than a provider would, so that nobody has to wait long. */
const devicePollSeconds = 1;

/**
 * Starts an emulated provider for each connector that has no client at the real one. Brevo's needs no client: it is
 * emulated as long as another one is.
 */
export async function openProviders(settings: Settings, ports: Ports, now: () => number): Promise<Providers> {
  const real = createConnectors(settings.clients);
  const emulators: EmulatedProvider[] = [];
  const emulated: { -readonly [Key in keyof EmulatedAddresses]: EmulatedAddresses[Key] } = {};

  async function open<C extends Connector>(
    key: ConnectorKey,
    connector: C,
    isReal: boolean,
    options: ProviderOptions = {},
  ): Promise<[C, Provider]> {
    if (isReal) return [connector, await describe(key, connector, undefined)];
    const emulator = await startProvider(connector, {
      port: ports[key],
      stateFile: join(settings.dataDirectory, `emulated-${key}.json`),
      accessTokenLifetime: settings.tokenLifetimeSeconds,
      device: { intervalSeconds: devicePollSeconds },
      now,
      ...options,
    });
    emulators.push(emulator);
    emulated[key] = addressesOf(emulator.connector);
    return [emulator.connector, await describe(key, emulator.connector, emulator)];
  }
  async function close(): Promise<void> {
    await Promise.all(emulators.map((emulator) => emulator.close()));
  }

  try {
    const { clients } = settings;
    const [github, githubProvider] = await open("github", real.github, clients.github !== undefined);
    const [google, googleProvider] = await open("google", real.google, clients.google !== undefined);
    const [slack, slackProvider] = await open("slack", real.slack, clients.slack !== undefined);
    const allReal = clientKeys.every((key) => clients[key] !== undefined);
    const apiKeys = await demonstrationKeys(real.brevo);
    const [brevo, brevoProvider] = await open("brevo", real.brevo, allReal, { apiKeys });
    return {
      connectors: { github, google, slack, brevo },
      byConnector: { github: githubProvider, google: googleProvider, slack: slackProvider, brevo: brevoProvider },
      emulated,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const realAvatarOrigins: Readonly<Record<ConnectorKey, string | undefined>> = {
  github: "https://avatars.githubusercontent.com",
  google: "https://lh3.googleusercontent.com",
  slack: undefined,
  brevo: undefined,
};

async function describe(
  key: ConnectorKey,
  connector: Connector,
  emulator: EmulatedProvider | undefined,
): Promise<Provider> {
  const emulation = await connector.emulation?.();
  const { name, authorizationEndpoint } = connector;
  const { path, method = "GET" } = emulation?.exampleCall ?? { path: "" };
  const connectedBy = connector.credentials === undefined ? "consent" : "apiKey";
  return {
    name,
    connectedBy,
    onOtherDevice: connector.deviceAuthorizationEndpoint !== undefined,
    demonstrationKeys: connectedBy === "apiKey" && emulator !== undefined ? await demonstrationKeys(connector) : [],
    authorizationOrigin: authorizationEndpoint === undefined ? undefined : new URL(authorizationEndpoint).origin,
    avatarOrigin: emulator?.origin ?? realAvatarOrigins[key],
    exampleCall: { path, method },
    emulator,
  };
}
