import { now } from "./clock.ts";
import { digest } from "./history/digest.ts";
import type { ProcessId } from "./history/history.ts";
import { createWriter, type Writer } from "./history/writer.ts";
import { openKeeper, type StormKeeper } from "./keeper.ts";
import { mapPool } from "./pool.ts";
import type { Judge, SeededTokens } from "./provider/judge.ts";
import { signInAt } from "./provider/sign-in.ts";
import type { Witness } from "./provider/witness.ts";
import { openStore } from "./store.ts";
import { connect, ownerOf } from "./worker/consents.ts";
import { currentFlow, inFlow } from "./worker/flow.ts";
import type { Customer, KeeperSetup } from "./worker/messages.ts";
import { createPoints } from "./worker/points.ts";
import { recordedFetch } from "./worker/recorded-fetch.ts";
import { recordedStore } from "./worker/recorded-store.ts";

/** What a keeper of the orchestrator's own is opened with. */
export interface OwnOptions {
  readonly setup: KeeperSetup;
  readonly witness: Witness;
  readonly judge: Judge;
  readonly provider: "emulator" | "oidc";
  readonly process: ProcessId;
  readonly history: string;
}

const atOnce = 24;

/** Connects so many customers: by tokens that the provider hands over, or by as many sign-ins. */
export function fillStore(options: OwnOptions, connections: number): Promise<readonly Customer[]> {
  const { judge, provider, witness, process } = options;
  return withOwnKeeper(options, async (keeper, writer) => {
    if (judge.seed === undefined) {
      const accounts = Array.from({ length: connections }, (_, index) => `user-${index + 1}`);
      return mapPool(accounts, 4, async (account) => {
        const owner = ownerOf(account);
        return { owner, account, connection: await connect(keeper, signInAt(provider), owner, account) };
      });
    }
    let count = 0;
    return mapPool(judge.seed(connections), atOnce, (tokens) =>
      inFlow({ connection: undefined, purpose: "consent" }, async () => {
        const request = `${process}-seed-${++count}`;
        witness.issue({ id: request, process }, tokens.accessToken, tokens.refreshToken);
        writeDown(writer, request, tokens);
        return adopt(keeper, tokens);
      }),
    );
  });
}

/** Opens a keeper that goes around all faults and writes down what it does, and closes it. */
export async function withOwnKeeper<Result>(
  { setup, judge, witness, process, history }: OwnOptions,
  work: (keeper: StormKeeper, writer: Writer) => Promise<Result>,
): Promise<Result> {
  const writer = createWriter(history);
  const points = createPoints(writer, async () => undefined);
  const { store, close } = openStore(setup.store);
  const fetch = recordedFetch({
    ...{ process, writer, points, tokenEndpoint: setup.connector.tokenEndpoint ?? "" },
    route: () => ({ from: judge.origin, to: witness.origin }),
  });
  const keeper = openKeeper(setup, recordedStore(store, writer, points), { fetch });
  keeper.on("connection.needs_reauthorization", ({ connectionId: connection, reason }) => {
    writer.write({ kind: "ended", at: now(), connection, reason });
  });
  try {
    return await work(keeper, writer);
  } finally {
    await keeper.close();
    await close();
    writer.close();
  }
}

/** As if a request of this process had brought them. */
function writeDown(writer: Writer, request: string, { accessToken, refreshToken }: SeededTokens): void {
  const { id: flow } = currentFlow();
  writer.write({ kind: "sent", at: now(), flow, request, connection: undefined, presented: undefined });
  const tokens = { access: digest(accessToken), refresh: digest(refreshToken) };
  writer.write({ kind: "received", at: now(), request, status: 200, ...tokens });
}

async function adopt(keeper: StormKeeper, { account, accessToken, refreshToken }: SeededTokens): Promise<Customer> {
  const owner = ownerOf(account);
  const { id } = await keeper.adopt("main", {
    owner,
    account: { id: account },
    tokens: { accessToken, refreshToken, expiresAt: new Date(Date.now() - 1_000) },
  });
  return { owner, account, connection: id };
}
