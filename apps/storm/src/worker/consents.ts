import type { StartedFlow } from "@grantkeeper/core";
import type { StormKeeper } from "../keeper.ts";
import type { SignIn } from "../provider/sign-in.ts";
import { inFlow } from "./flow.ts";

/** The connection of an owner, of whom each has one at most. */
export async function findConnection(keeper: StormKeeper, owner: string): Promise<string | undefined> {
  for await (const { id } of keeper.connections({ owner, connector: "main" })) return id;
  return undefined;
}

/** A user's first consent. Returns the connection's id. */
export function connect(keeper: StormKeeper, signIn: SignIn, owner: string, account: string): Promise<string> {
  return inFlow({ connection: undefined, purpose: "consent" }, async () =>
    finish(keeper, signIn, await keeper.start("main", { owner }), owner, account),
  );
}

/** Another consent for a connection that is there. */
export async function reconnect(keeper: StormKeeper, signIn: SignIn, account: string, id: string): Promise<void> {
  await inFlow({ connection: undefined, purpose: "consent" }, async () => {
    const started = await keeper.connection("main", { id }).reconnect();
    return finish(keeper, signIn, started, ownerOf(account), account);
  });
}

export async function disconnect(keeper: StormKeeper, id: string): Promise<void> {
  await inFlow({ connection: id, purpose: "other" }, () => keeper.connection("main", { id }).disconnect());
}

/** Each account has an owner of its own. */
export function ownerOf(account: string): string {
  return `owner-${account}`;
}

async function finish(
  keeper: StormKeeper,
  signIn: SignIn,
  { url, headers }: StartedFlow,
  owner: string,
  account: string,
): Promise<string> {
  const callback = await signIn(url, account);
  const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
  const { connection } = await keeper.finish(new Request(callback, { headers: { cookie } }), { owner });
  return connection.id;
}
