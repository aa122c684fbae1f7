import { join } from "node:path";
import type { Connector } from "@grantkeeper/core";
import { type EmulatedProvider, startProvider } from "@grantkeeper/testing";
import { addressesOf, type EmulatedAddresses } from "./addresses.ts";
import { type ConnectorKey, createConnectors, type SampleConnectors } from "./connectors.ts";
import type { Ports } from "./ports.ts";
import type { Settings } from "./settings.ts";

/** What the sample's pages need to know about the provider behind a connector. */
export interface Provider {
  readonly name: string;
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

/** Starts an emulated provider for each connector that has no client at the real one. */
export async function openProviders(settings: Settings, ports: Ports, now: () => number): Promise<Providers> {
  const real = createConnectors(settings.clients);
  const emulators: EmulatedProvider[] = [];
  const emulated: { -readonly [Key in keyof EmulatedAddresses]: EmulatedAddresses[Key] } = {};

  async function open<C extends Connector>(key: ConnectorKey, connector: C): Promise<[C, Provider]> {
    if (settings.clients[key] !== undefined) return [connector, await describe(key, connector, undefined)];
    const emulator = await startProvider(connector, {
      port: ports[key],
      stateFile: join(settings.dataDirectory, `emulated-${key}.json`),
      accessTokenLifetime: settings.tokenLifetimeSeconds,
      now,
    });
    emulators.push(emulator);
    emulated[key] = addressesOf(emulator.connector);
    return [emulator.connector, await describe(key, emulator.connector, emulator)];
  }
  async function close(): Promise<void> {
    await Promise.all(emulators.map((emulator) => emulator.close()));
  }

  try {
    const [github, githubProvider] = await open("github", real.github);
    const [google, googleProvider] = await open("google", real.google);
    const [slack, slackProvider] = await open("slack", real.slack);
    return {
      connectors: { github, google, slack },
      byConnector: { github: githubProvider, google: googleProvider, slack: slackProvider },
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
};

async function describe(
  key: ConnectorKey,
  connector: Connector,
  emulator: EmulatedProvider | undefined,
): Promise<Provider> {
  const emulation = await connector.emulation?.();
  const { name, authorizationEndpoint } = connector;
  const { path, method = "GET" } = emulation?.exampleCall ?? { path: "" };
  return {
    name,
    authorizationOrigin: authorizationEndpoint === undefined ? undefined : new URL(authorizationEndpoint).origin,
    avatarOrigin: emulator?.origin ?? realAvatarOrigins[key],
    exampleCall: { path, method },
    emulator,
  };
}
