import { github } from "@grantkeeper/github";
import { google } from "@grantkeeper/google";
import { slack } from "@grantkeeper/slack";
import {
  type ConsentChoice,
  consent,
  type EmulatedProvider,
  type ProviderOptions,
  startProvider,
} from "@grantkeeper/testing";
import type { Connector } from "../connector/index.ts";
import {
  type ConnectionEvents,
  createKeeper,
  type EventName,
  generateKey,
  type Keeper,
  type KeeperOptions,
  keyvStore,
  type Store,
} from "../index.ts";

/** A clock that tests move; it runs on by itself in between. */
export interface Clock {
  now(): number;
  advance(seconds: number): void;
}

export function createClock(): Clock {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    advance: (seconds) => {
      offset += seconds * 1000;
    },
  };
}

export const callbackUrl = "https://app.example.com/connect";
export const key: { readonly id: string; readonly secret: string } = { id: "test", secret: generateKey() };

export interface World<C extends Connector> {
  readonly clock: Clock;
  readonly provider: EmulatedProvider<C>;
  readonly store: Store;
  readonly keeper: Keeper<{ readonly main: C }>;
  readonly events: { readonly name: EventName; readonly event: ConnectionEvents[EventName] }[];
  /** Another keeper on the same store, as a second holder would be. */
  another(options?: Partial<KeeperOptions<{ readonly main: C }>>): Keeper<{ readonly main: C }>;
}

const eventNames: readonly EventName[] = [
  "connection.connected",
  "connection.reconnected",
  "connection.refreshed",
  "connection.refresh_failed",
  "connection.scopes_changed",
  "connection.needs_reauthorization",
  "connection.disconnected",
];

const open: (() => Promise<void>)[] = [];

/** One emulated provider and a keeper with it under the name `main`. Closed by {@link closeWorlds}. */
export async function createWorld<C extends Connector>(
  connector: C,
  providerOptions: ProviderOptions = {},
  keeperOptions: Partial<KeeperOptions<{ readonly main: C }>> = {},
  createStore: (clock: Clock) => Store = (clock) => keyvStore(undefined, { now: clock.now }),
): Promise<World<C>> {
  const clock = createClock();
  const provider = await startProvider(connector, { accessTokenLifetime: 3600, now: clock.now, ...providerOptions });
  const store = createStore(clock);
  const events: World<C>["events"] = [];
  const another = (options: Partial<KeeperOptions<{ readonly main: C }>> = {}): Keeper<{ readonly main: C }> =>
    createKeeper({
      connectors: { main: provider.connector },
      store,
      keys: [key],
      callbackUrl,
      now: clock.now,
      logger: silent,
      ...keeperOptions,
      ...options,
    });
  const keeper = another();
  for (const name of eventNames) keeper.on(name, (event) => events.push({ name, event }));
  open.push(async () => {
    await keeper.close();
    await provider.close();
  });
  return { clock, provider, store, keeper, events, another };
}

export async function closeWorlds(): Promise<void> {
  for (const close of open.splice(0)) await close();
}

export const silent: NonNullable<KeeperOptions<Record<string, Connector>>["logger"]> = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};

export interface ConnectOptions extends ConsentChoice {
  readonly owner?: string;
  readonly connectionId?: string;
}

/** Walks a whole flow as a browser would. */
export async function connect<C extends Connector>(
  keeper: Keeper<{ readonly main: C }>,
  { owner = "ada", connectionId, ...choice }: ConnectOptions = {},
): ReturnType<Keeper<{ readonly main: C }>["finish"]> {
  const request = await begin(keeper, { owner, ...(connectionId === undefined ? {} : { connectionId }), ...choice });
  return keeper.finish(request, { owner });
}

/** A flow up to the point where the browser is back with the provider's answer. */
export async function begin<C extends Connector>(
  keeper: Keeper<{ readonly main: C }>,
  { owner = "ada", connectionId, ...choice }: ConnectOptions = {},
): Promise<Request> {
  const started = await keeper.start("main", {
    owner,
    ...(connectionId === undefined ? {} : { connectionId }),
  } as never);
  const callback = await consent(started.url, choice);
  return callbackRequest(callback, cookieOf(started.headers));
}

export function callbackRequest(callback: URL | string, cookie: string): Request {
  return new Request(callback, { headers: { cookie } });
}

export function cookieOf(headers: Headers): string {
  return headers.get("set-cookie")?.split(";")[0] ?? "";
}

export const client = { clientId: "client-1", clientSecret: "client-secret-1" } as const;
export const githubConnector: ReturnType<typeof github> = github({ ...client, scopes: ["repo"] });
export const googleConnector: ReturnType<typeof google> = google({ ...client, scopes: ["email", "profile"] });
export const slackConnector: ReturnType<typeof slack> = slack({
  ...client,
  scopes: ["chat:write"],
  userScopes: ["search:read"],
});

/** The rejection's code, so that a test can compare it in one line. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "none";
}
