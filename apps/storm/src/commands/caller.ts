import { setTimeout as delay } from "node:timers/promises";
import { isGrantkeeperError } from "@grantkeeper/core";
import { digest } from "../history/digest.ts";
import { createWriter } from "../history/writer.ts";
import { openKeeper, type StormKeeper } from "../keeper.ts";
import { openStore } from "../store.ts";
import { inFlow } from "../worker/flow.ts";
import { createPoints } from "../worker/points.ts";
import { recordedFetch } from "../worker/recorded-fetch.ts";
import { recordedStore } from "../worker/recorded-store.ts";
import type { FromCaller, ToCaller } from "./callers.ts";
import { obeyParent } from "./child.ts";

/** A process that asks for tokens when it is told to. */
let keeper: StormKeeper | undefined;

obeyParent(obey);

async function obey(message: ToCaller): Promise<FromCaller> {
  if (message.kind === "begin") {
    const { setup, history, armed } = message;
    const writer = createWriter(history);
    const points = createPoints(writer, async () => undefined);
    points.arm(armed);
    const origin = new URL(setup.connector.tokenEndpoint ?? "").origin;
    const fetch = recordedFetch({
      ...{ process: message.process, writer, points, tokenEndpoint: setup.connector.tokenEndpoint ?? "" },
      route: () => ({ from: origin, to: origin }),
    });
    keeper = openKeeper(setup, recordedStore(openStore(setup.store).store, writer, points), { fetch });
    // Opens the store, so that what follows is about the one connection.
    for await (const _ of keeper.connections()) break;
    return { kind: "ready" };
  }
  const { connection, callers, patienceMs } = message;
  const until = Date.now() + patienceMs;
  const tokens = await Promise.all(Array.from({ length: callers }, () => ask(connection, until)));
  return { kind: "tokens", tokens: [...new Set(tokens)] };
}

async function ask(connection: string, until: number): Promise<string> {
  for (;;) {
    try {
      const token = inFlow({ connection, purpose: "token" }, () =>
        keeper?.connection("main", { id: connection }).token(),
      );
      return digest((await token)?.accessToken ?? "");
    } catch (error) {
      if (!isGrantkeeperError(error) || error.remedy !== "retry" || Date.now() >= until) throw error;
      await delay(20);
    }
  }
}
