import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { GrantkeeperError } from "@grantkeeper/core";
import { clientSecretBasic } from "@grantkeeper/core/connector";
import { consent } from "../consent.ts";
import { exampleConnector } from "../provider/example-connector.ts";
import type { MarkedSecret } from "../secrets/find-secrets.ts";
import type { SecretTap } from "../secrets/tap-secrets.ts";
import {
  type ConnectorKey,
  type Connectors,
  codeOf,
  type SealedWorld,
  type WorldKeeper,
} from "./sealed-store-world.ts";

/** Everybody and everything that has a name, each with one that stands nowhere else. */
export interface People {
  readonly owners: Readonly<Record<Part, MarkedSecret>>;
  readonly actors: readonly [MarkedSecret, MarkedSecret];
  readonly accounts: readonly [MarkedAccount, MarkedAccount];
  readonly clientSecret: MarkedSecret;
  readonly metadata: MarkedSecret;
}

type Part = "stays" | "refused" | "leaves" | "erased" | "begins" | "waits";
type MarkedAccount = Readonly<Record<"id" | "name" | "email", MarkedSecret>>;

export function marked(name: string): MarkedSecret {
  return { name, value: `marked-${name.replace(/\W/g, "-")}-${randomBytes(12).toString("base64url")}` };
}

export function markedPeople(): People {
  const account = (): MarkedAccount => {
    const { name, value } = marked("email");
    return { id: marked("account"), name: marked("name"), email: { name, value: `${value}@example.com` } };
  };
  const owner = (part: Part) => marked(`owner ${part}`);
  return {
    owners: {
      stays: owner("stays"),
      refused: owner("refused"),
      leaves: owner("leaves"),
      erased: owner("erased"),
      begins: owner("begins"),
      waits: owner("waits"),
    },
    actors: [marked("actor"), marked("actor")],
    accounts: [account(), account()],
    clientSecret: marked("client secret"),
    metadata: marked("metadata"),
  };
}

/** All of these names. */
export function namesOf({ owners, actors, accounts, clientSecret, metadata }: People): readonly MarkedSecret[] {
  const ofAccounts = accounts.flatMap(({ id, name, email }) => [id, name, email]);
  return [...Object.values(owners), ...actors, ...ofAccounts, clientSecret, metadata];
}

/** An OpenID provider with these accounts. */
export function markedConnector(id: ConnectorKey, { accounts, clientSecret }: People): Connectors[ConnectorKey] {
  return exampleConnector({
    id,
    clientAuthentication: clientSecretBasic(clientSecret.value),
    issuer: "https://login.example.com",
    scopes: ["openid", "profile", "email"],
    emulation: async () => ({
      accounts: accounts.map(({ id, name, email }) => ({ id: id.value, name: name.value, email: email.value })),
      routes: [],
      exampleCall: { path: "me" },
    }),
  });
}

/** A keeper whose life leaves every kind of thing in its store at once. */
export interface Life {
  readonly keeper: WorldKeeper;
  /** Lets the refresh that could not be saved be saved. */
  readonly settle: () => Promise<void>;
}

/**
 * Connects, refreshes, is refused, disconnects, erases while the provider is away, begins a sign-in and receives a refresh
 * that cannot be saved, with an audit log that knows who acted.
 */
export async function live(it: SealedWorld, tap: SecretTap, people: People, journal: string): Promise<Life> {
  const { owners, actors } = people;
  const store = it.openStore();
  const outage = { lasts: false };
  const down = new GrantkeeperError("store_unavailable", "down");
  const keeper = it.open({
    audited: true,
    ...{ fetch: tap.fetch, journal: { directory: journal } },
    store: { ...store, commit: async (request) => (outage.lasts ? Promise.reject(down) : store.commit(request)) },
  });
  const connectionOf = (part: Part) => keeper.connection("one", { owner: owners[part].value });

  await keeper.by(actors[0].value, async () => {
    for (const part of ["stays", "refused", "leaves", "erased", "waits"] as const)
      await signIn(keeper, tap, people, part);
    await connectionOf("stays").setMetadata({ note: people.metadata.value });
    await connectionOf("leaves").disconnect();
  });
  await keeper
    .as({ actor: actors[1].value, may: ["token"] })
    .connection("one", { owner: owners.stays.value })
    .token();
  it.providers.one.revokeGrant((await connectionOf("refused").token()).accessToken);
  it.advance(3601);
  await connectionOf("stays").token();
  assert.equal(await codeOf(() => connectionOf("refused").token()), "reauthorization_required");
  it.revocationFault = { status: 503 };
  const { state } = await keeper.by(actors[0].value, () => keeper.erase({ owner: owners.erased.value }));
  assert.equal(state, "pending");
  await begin(keeper, tap, owners.begins.value);

  outage.lasts = true;
  const waiting = connectionOf("waits").token();
  waiting.catch(() => undefined);
  while (!(await readdir(journal)).some((name) => name.endsWith(".journal"))) await delay(10);
  return {
    keeper,
    async settle() {
      outage.lasts = false;
      await waiting;
    },
  };
}

async function signIn(keeper: WorldKeeper, tap: SecretTap, people: People, part: Part): Promise<void> {
  const owner = people.owners[part].value;
  const { url, cookie } = await begin(keeper, tap, owner);
  // Two accounts in turn: some of these owners have the same one.
  const account = people.accounts[part.length % 2 === 0 ? 0 : 1];
  const callback = await consent(url, { accountId: account.id.value });
  tap.mark("code", callback.searchParams.get("code") ?? "");
  await keeper.finish(new Request(callback, { headers: { cookie } }), { owner });
}

async function begin(
  keeper: WorldKeeper,
  tap: SecretTap,
  owner: string,
): Promise<{ readonly url: URL; readonly cookie: string }> {
  const { url, headers } = await keeper.start("one", { owner });
  const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
  tap.mark("cookie", cookie.split("=")[1] ?? "");
  for (const name of ["state", "nonce"]) tap.mark(name, url.searchParams.get(name) ?? "");
  return { url, cookie };
}
