import { once } from "node:events";
import { isGrantkeeperError } from "@grantkeeper/core";
import { openKeeper } from "../../src/keeper.ts";
import { signInAt } from "../../src/provider/sign-in.ts";
import { openStore } from "../../src/store.ts";
import { connect, disconnect, ownerOf, reconnect } from "../../src/worker/consents.ts";
import type { KeeperSetup } from "../../src/worker/messages.ts";

export interface UsersSetup extends KeeperSetup {
  /** Whose users they are. */
  readonly connections: readonly string[];
}

/** How often it has been done so far. */
export interface Done {
  readonly refreshes: number;
  readonly reconnects: number;
  readonly disconnects: number;
}

const [setup] = (await once(process, "message")) as [UsersSetup];
let stopping = false;
process.once("message", () => {
  stopping = true;
});
const { store, close } = openStore(setup.store);
const keeper = openKeeper(setup, store);
const signIn = signInAt("emulator");
const done = { refreshes: 0, reconnects: 0, disconnects: 0 };
keeper.on("connection.refreshed", () => void done.refreshes++);
keeper.on("connection.reconnected", () => void done.reconnects++);
keeper.on("connection.disconnected", () => void done.disconnects++);

/** Goes over some of the connections, again and again. What is not mended by asking again ends this process. */
async function use(mine: readonly string[]): Promise<void> {
  const connections = await Promise.all(mine.map((id) => patiently(() => accountOf(id))));
  for (let visit = 0; !stopping; visit++) {
    const place = visit % connections.length;
    const connection = connections[place];
    if (connection === undefined) return;
    const { id, account } = connection;
    await patiently(() => keeper.connection("main", { id }).token());
    // Read from the store, whatever is known here.
    await patiently(() => keeper.connection("main", { id }).status());
    if (visit % 41 === 7) await patiently(() => reconnect(keeper, signIn, account, id));
    // The others stay, so that none of their rows is spared a rotation by being a new one.
    if (visit % 41 === 19 && place % 2 === 0) {
      await patiently(() => leave(id));
      connection.id = await patiently(() => connect(keeper, signIn, ownerOf(account), account));
    }
    if (visit % 10 === 0) process.send?.({ ...done } satisfies Done);
  }
}

/** As an application does where a machine is busy: when it waited too long for the store, or the token ran out meanwhile. */
async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isGrantkeeperError(error)) throw error;
      const ranOut = error.code === "invalid_response" && error.message.endsWith("status 401.");
      if (error.code !== "store_unavailable" && !ranOut) throw error;
    }
  }
}

async function leave(id: string): Promise<void> {
  await disconnect(keeper, id).catch((error: unknown) => {
    // Done before, though the store did not say so.
    if (!isGrantkeeperError(error) || error.code !== "not_connected") throw error;
  });
}

async function accountOf(id: string): Promise<{ id: string; readonly account: string }> {
  const { account } = await keeper.connection("main", { id }).status();
  return { id, account: account?.id ?? "" };
}

const atOnce = 3;
await Promise.all(
  Array.from({ length: atOnce }, (_, turn) => use(setup.connections.filter((_id, index) => index % atOnce === turn))),
);
process.send?.({ ...done } satisfies Done);
await keeper.close();
await close();
process.disconnect();
