import { isGrantkeeperError } from "@grantkeeper/core";
import { now } from "./clock.ts";
import { type OwnOptions, withOwnKeeper } from "./fill.ts";
import { digest } from "./history/digest.ts";
import type { FinalState } from "./history/history.ts";
import type { Writer } from "./history/writer.ts";
import type { StormKeeper } from "./keeper.ts";
import { mapPool } from "./pool.ts";
import { inFlow } from "./worker/flow.ts";

const atOnce = 16;
const longestMs = 60_000;

/** Asks each connection for a token once more, when all access tokens and leases have run out. */
export function askOnceMore(options: OwnOptions): Promise<readonly FinalState[]> {
  return withOwnKeeper(options, async (keeper, writer) => {
    const ids: string[] = [];
    for await (const { id } of keeper.connections({ connector: "main" })) ids.push(id);
    return mapPool(ids, atOnce, (id) => inFlow({ connection: id, purpose: "token" }, () => ask(keeper, writer, id)));
  });
}

async function ask(keeper: StormKeeper, writer: Writer, connection: string): Promise<FinalState> {
  const since = now();
  const handle = keeper.connection("main", { id: connection });
  try {
    const { accessToken, expiresAt } = await handle.token({ signal: AbortSignal.timeout(longestMs) });
    writer.write({ kind: "given", at: now(), connection, access: digest(accessToken) });
    // All of them had run out: what is good now was refreshed now.
    const fresh = expiresAt !== undefined && expiresAt.getTime() > Date.now();
    return { connection, outcome: fresh ? "refreshed" : "a token that has run out", reason: undefined };
  } catch (error) {
    const code = isGrantkeeperError(error) ? error.code : String(error);
    if (code !== "reauthorization_required") return { connection, outcome: code, reason: undefined };
    writer.write({ kind: "told", at: now(), since, connection, code });
    const { tokenSets } = await handle.status();
    return { connection, outcome: "ended", reason: tokenSets["default"]?.ended };
  }
}
