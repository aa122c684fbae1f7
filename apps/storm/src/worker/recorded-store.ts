import type { GrantPayload, GrantRow, Store } from "@grantkeeper/core/store";
import { now } from "../clock.ts";
import type { KillPoint, SettledOutcome, StoredPayload } from "../history/history.ts";
import type { Writer } from "../history/writer.ts";
import { currentFlow } from "./flow.ts";
import type { Points } from "./points.ts";

/** A store that writes down what it is asked and what it answers, and passes the points behind it. */
export function recordedStore(store: Store, { write }: Writer, points: Points): Store {
  /** As this process knows the rows: what it has read or written last. */
  const known = new Map<string, string>();
  let calls = 0;

  function see(row: GrantRow | undefined, since: number): void {
    if (row === undefined) return;
    const { connectionId: connection, grantId, version } = row;
    const state = `${grantId}/${version}`;
    if (known.get(connection) === state) return;
    known.set(connection, state);
    write({ kind: "seen", at: now(), since, connection, grantId, version });
  }

  async function settled<Answer>(
    call: number,
    work: Promise<Answer>,
    outcomeOf: (answer: Answer) => SettledOutcome,
  ): Promise<Answer> {
    try {
      const answer = await work;
      write({ kind: "settled", at: now(), call, outcome: outcomeOf(answer) });
      return answer;
    } catch (error) {
      write({ kind: "settled", at: now(), call, outcome: "failed" });
      throw error;
    }
  }

  async function reached<Answer>(work: Promise<Answer>): Promise<Answer> {
    try {
      return await work;
    } catch (error) {
      write({ kind: "unreachable", at: now(), flow: currentFlow().id });
      throw error;
    }
  }

  /** Passes a point of a refresh; a journal that is taken over beside it is none. */
  async function passRefreshing(point: KillPoint, connection: string): Promise<void> {
    const flow = currentFlow();
    if (flow.request === undefined || flow.connection !== connection) return;
    await points.pass(point, { connection, request: flow.request });
  }

  return {
    ...store,
    async get(connectionId) {
      const since = now();
      const row = await reached(store.get(connectionId));
      see(row, since);
      return row;
    },
    async insert(row) {
      const call = ++calls;
      const { connectionId: connection } = row;
      write({
        kind: "committing",
        at: now(),
        call,
        flow: currentFlow().id,
        connection,
        from: undefined,
        to: told(row),
      });
      return settled(call, store.insert(row), ({ inserted }) => (inserted ? "committed" : "taken"));
    },
    async lease(request) {
      const since = now();
      const outcome = await reached(store.lease(request));
      if (outcome.kind === "leased" || outcome.kind === "moved") see(outcome.row, since);
      if (outcome.kind === "leased") {
        const { connectionId: connection, version, intent } = request;
        const lease = { connection, version, fence: outcome.lease.fence, intent: intent?.refreshTokenHash };
        write({ kind: "leased", at: now(), since, flow: currentFlow().id, ...lease });
      }
      return outcome;
    },
    async release(request) {
      await passRefreshing("before-release", request.lease.connectionId);
      return reached(store.release(request));
    },
    async commit(commit) {
      const call = ++calls;
      const { expected, payload } = commit;
      const { connectionId: connection, grantId, version, fence } = expected;
      const row = { connection, from: { grantId, version, fence }, to: told(payload) };
      write({ kind: "committing", at: now(), call, flow: currentFlow().id, ...row });
      const outcome = await settled(call, store.commit(commit), (answer) => answer);
      if (outcome === "committed") {
        known.set(connection, `${payload.grantId}/${payload.version}`);
        await passRefreshing("after-commit", connection);
      }
      return outcome;
    },
    async delete(condition) {
      const call = ++calls;
      const { connectionId: connection, version } = condition;
      write({ kind: "deleting", at: now(), call, connection, version });
      return settled(call, store.delete(condition), (answer) => answer);
    },
    async list(query) {
      const since = now();
      const page = await reached(store.list(query));
      for (const row of page.rows) see(row, since);
      return page;
    },
    async claimDue(request) {
      const since = now();
      const page = await reached(store.claimDue(request));
      for (const { row } of page.claimed) see(row, since);
      return page;
    },
  };
}

function told({ grantId, version, state, tokenHashes }: GrantPayload): StoredPayload {
  return { grantId, version, state, key: tokenHashes[0] };
}
