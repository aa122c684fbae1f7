import type { Keeper } from "../keeper-api.ts";
import type { Action } from "./plan.ts";
import type { Process } from "./process.ts";
import { callbackUrl, connectorKey, ownerOf } from "./scene.ts";
import type { Consents } from "./token-requests.ts";
import type { World } from "./world.ts";

export interface Commands {
  run(action: Action): void;
  /** Asks for an access token, and uses it. */
  askToken(process: Process, account: number, rejected?: string, onEnd?: (answer: TokenAnswer) => void): void;
  readonly consents: Consents;
}

export interface TokenAnswer {
  readonly accessToken?: string;
  readonly code?: string;
}

export interface CommandOptions {
  readonly world: World;
  /** How many accounts there are: what is planned for another is done to one of these. */
  readonly accounts: number;
  readonly processes: () => readonly Process[];
  /** Under which id an account is connected, or was last. */
  readonly connectionIdOf: (account: number) => string;
  readonly beginOutage: (process: number | undefined, forMs: number) => void;
}

export function createCommands({ world, accounts, processes, connectionIdOf, beginOutage }: CommandOptions): Commands {
  const { store, provider, reader, observe, trace } = world;
  /** What each process was last given for each account. */
  const given = new Map<string, string>();
  const codes = new Map<string, { readonly account: number; readonly endsOthers: boolean }>();
  let consentNumber = 0;

  function askToken(process: Process, account: number, rejected?: string, onEnd?: (answer: TokenAnswer) => void): void {
    const request = rejected === undefined ? {} : { rejected };
    process.ask({
      purpose: "token",
      account,
      rejected,
      work: (keeper) => keeper.connection(connectorKey, { id: connectionIdOf(account) }).token(request),
      accessTokenOf: ({ accessToken }) => accessToken,
      onResult: ({ accessToken }) => {
        given.set(`${process.index}/${account}`, accessToken);
        provider.use(accessToken);
        onEnd?.({ accessToken });
      },
      onError: (code) => onEnd?.({ code }),
    });
  }

  function askConsent(process: Process | undefined, account: number, endsOthers: boolean): void {
    process?.ask({ purpose: "consent", account, work: (keeper) => consent(keeper, account, endsOthers) });
  }

  /** A whole flow: the user is quick, and the browser brings back the provider's answer. */
  async function consent(keeper: Keeper, account: number, endsOthers: boolean): Promise<void> {
    const owner = ownerOf(account);
    const connected = store.get(connectionIdOf(account)) !== undefined;
    const reconnects = connected ? { connectionId: connectionIdOf(account) } : {};
    const started = await keeper.start(connectorKey, { owner, ...reconnects } as never);
    const code = `code-${consentNumber++}`;
    codes.set(code, { account, endsOthers });
    const callback = new URL(`${callbackUrl}/${connectorKey}/callback`);
    callback.searchParams.set("code", code);
    callback.searchParams.set("state", started.url.searchParams.get("state") ?? "");
    const cookie = started.headers.get("set-cookie")?.split(";")[0] ?? "";
    await keeper.finish({ url: callback.href, headers: new Headers({ cookie }) } as never, { owner });
    world.count("reconnects");
  }

  function restore(account: number, writesBack: number): void {
    const connectionId = connectionIdOf(account);
    const past = store.past(connectionId);
    const row = past[past.length - 1 - writesBack] ?? past[0];
    if (row === undefined || store.get(connectionId) === undefined) return;
    store.restore(row);
    world.count("restores");
    trace(undefined, () => `account ${account} is restored: version ${row.version}, fence ${row.fence}`);
    void reader.read(row).then((content) => observe({ kind: "restored", ...content }));
  }

  function userRevokes(account: number): void {
    const row = store.get(connectionIdOf(account));
    if (row === undefined) return;
    trace(undefined, () => `the user of account ${account} revokes`);
    void reader.read(row).then(({ refreshToken }) => {
      const token = provider.find(refreshToken);
      if (token !== undefined) provider.end(token.grant, "user");
    });
  }

  function run(action: Action): void {
    world.count("commands");
    const account = "connection" in action ? action.connection % accounts : 0;
    const process = "process" in action && action.process !== undefined ? processes()[action.process] : undefined;
    switch (action.kind) {
      case "userRevokes":
        userRevokes(account);
        return;
      case "restore":
        restore(account, action.writesBack);
        if (action.consentBy !== undefined) askConsent(processes()[action.consentBy], account, true);
        return;
      case "outage":
        beginOutage(action.process, action.forMs);
        return;
    }
    if (process === undefined) return;
    switch (action.kind) {
      case "token": {
        const { callers, rejected } = action;
        const refused = rejected ? given.get(`${process.index}/${account}`) : undefined;
        for (let caller = 0; caller < callers; caller++) askToken(process, account, refused);
        return;
      }
      case "consent":
        askConsent(process, account, action.endsOthers);
        return;
      case "disconnect":
      case "setMetadata": {
        const { kind: purpose } = action;
        process.ask({
          purpose,
          account,
          work: async (keeper) => {
            const connection = keeper.connection(connectorKey, { id: connectionIdOf(account) });
            await (purpose === "disconnect" ? connection.disconnect() : connection.setMetadata({ purpose }));
          },
        });
        return;
      }
      case "rotateKeys":
        process.ask({ purpose: "rotateKeys", account: undefined, work: (keeper) => keeper.rotateKeys() });
        return;
      case "keepAlive":
        process.ask({ purpose: "keepAlive", account: undefined, work: (keeper) => keeper.keepAlive() });
        return;
      case "crash":
        process.crash(action.losesSent, action.downMs);
        return;
      case "close":
        process.close(action.downMs);
        return;
      case "pause":
        process.pause(action.forMs);
        return;
    }
  }

  const consents: Consents = {
    take(code) {
      const found = codes.get(code);
      codes.delete(code);
      return found;
    },
  };
  return { run, askToken, consents };
}
