import { inspect } from "node:util";
import { isGrantkeeperError } from "@grantkeeper/core";
import { now } from "../clock.ts";
import { digest } from "../history/digest.ts";
import type { Writer } from "../history/writer.ts";
import type { StormKeeper } from "../keeper.ts";
import type { SignIn } from "../provider/sign-in.ts";
import type { Random } from "../random.ts";
import { connect, disconnect, findConnection, reconnect } from "./consents.ts";
import { inFlow } from "./flow.ts";
import type { Customer } from "./messages.ts";

export interface LoadOptions {
  readonly keeper: StormKeeper;
  readonly customers: readonly Customer[];
  readonly random: Random;
  readonly writer: Writer;
  readonly signIn: SignIn;
  /** The API path that is called with tokens. */
  readonly apiPath: string;
  /** Error codes that a storm of this kind explains. */
  readonly expected: ReadonlySet<string>;
  readonly onConnected: (customer: number, connection: string) => void;
  readonly onFailure: (text: string) => void;
}

/** An application in a hurry: many callers ask for the tokens of many connections at once. */
export interface Load {
  /** Begins nothing more, and resolves when all that runs has ended. `close` is called in between. */
  stop(close: () => Promise<void>): Promise<void>;
}

const mostCalls = 1_000;
/** Customers that are begun with at once. Those that wait for another process, or for an open intent, are not counted. */
const mostYoung = 3;
const youngMs = 1_000;
const ticksPerSecond = 4;
/** A call waits for others' leases and for open intents, and for a store that is away. None of that takes this long. */
const longestCallSeconds = 45;
const longestApiCallMs = 5_000;

interface CustomerState extends Customer {
  connection: string | undefined;
  /** When its token runs out, as far as this process knows. */
  expiresAt: number;
  /** Calls that have not come back. */
  waiting: number;
  /** When the first of them was made. Unix milliseconds. */
  askedAt: number;
  /** Whether its user is doing something. */
  busy: boolean;
}

export function startLoad(options: LoadOptions): Load {
  const { keeper, random, writer, signIn, expected, onFailure } = options;
  const states = options.customers.map(
    (customer): CustomerState => ({ ...customer, expiresAt: 0, waiting: 0, askedAt: 0, busy: false }),
  );
  const given = new Set<string>();
  const running = new Map<Promise<void>, { ticks: number }>();
  let stopping = false;

  function begin(work: () => Promise<void>): void {
    const call = { ticks: 0 };
    const promise = work()
      .catch((error: unknown) => onFailure(inspect(error)))
      .finally(() => running.delete(promise));
    running.set(promise, call);
  }

  /** Ticks count only while this process runs: a stopped one is not one that hangs. */
  const watch = setInterval(() => {
    for (const call of running.values()) {
      if (++call.ticks === longestCallSeconds * ticksPerSecond) onFailure("A call has not come back: it hangs.");
    }
  }, 1_000 / ticksPerSecond);

  /**
   * Of a few customers whom nobody waits for the one whose token is nearest to its end, so that most calls find it there. A
   * handful of customers is asked for more often, so that processes meet.
   */
  function choose(): CustomerState | undefined {
    if (random.chance(0.1)) return random.pick(states.slice(0, 5).filter(({ waiting }) => waiting < 50));
    const few = Array.from({ length: 6 }, () => random.pick(states)).filter((state) => state?.waiting === 0);
    return few.sort((a, b) => (a?.expiresAt ?? 0) - (b?.expiresAt ?? 0))[0];
  }

  async function call(state: CustomerState): Promise<void> {
    if (state.waiting++ === 0) state.askedAt = Date.now();
    try {
      await callOnce(state);
    } finally {
      state.waiting--;
    }
  }

  /** More at once than the machine can serve would measure the machine. */
  function isBusy(): boolean {
    const since = Date.now() - youngMs;
    let young = 0;
    for (const { waiting, askedAt } of states) if (waiting > 0 && askedAt > since) young++;
    return young >= mostYoung || running.size >= mostCalls;
  }

  async function callOnce(state: CustomerState): Promise<void> {
    const { connection: id } = state;
    if (id === undefined) return await find(state);
    const since = now();
    try {
      await inFlow({ connection: id, purpose: "token" }, async () => {
        const connection = keeper.connection("main", random.chance(0.1) ? { id, owner: state.owner } : { id });
        if (random.chance(0.15)) {
          const response = await connection.fetch(options.apiPath, { signal: AbortSignal.timeout(longestApiCallMs) });
          // Reading it is the application's affair: a body that breaks off says nothing about the connection.
          await response.arrayBuffer().catch(() => undefined);
          return;
        }
        const { accessToken, expiresAt } = await connection.token();
        const access = digest(accessToken);
        if (!given.has(access)) writer.write({ kind: "given", at: now(), connection: id, access });
        given.add(access);
        state.expiresAt = expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
      });
    } catch (error) {
      await afterError(state, id, since, error);
    }
  }

  async function afterError(state: CustomerState, id: string, since: number, error: unknown): Promise<void> {
    if (!isGrantkeeperError(error)) throw error;
    const { code } = error;
    // Left alone for a moment, as an application would.
    state.expiresAt = Math.max(state.expiresAt, Date.now() + 500);
    if (code === "not_connected") {
      if (state.connection === id) state.connection = undefined;
      return;
    }
    if (code === "reauthorization_required") {
      writer.write({ kind: "told", at: now(), since, connection: id, code });
      if (!stopping && random.chance(0.2)) await once(state, () => repair(state, id));
      return;
    }
    if (!expected.has(code)) throw error;
  }

  async function repair(state: CustomerState, id: string): Promise<void> {
    const status = await inFlow({ connection: id, purpose: "other" }, () => keeper.connection("main", { id }).status());
    const reason = status.tokenSets["default"]?.ended;
    if (reason === undefined) return;
    writer.write({ kind: "status", at: now(), connection: id, reason });
    await reconnect(keeper, signIn, state.account, id);
    state.expiresAt = 0;
  }

  async function find(state: CustomerState): Promise<void> {
    let id: string | undefined;
    try {
      id = await inFlow({ connection: undefined, purpose: "other" }, () => findConnection(keeper, state.owner));
    } catch (error) {
      if (!isGrantkeeperError(error) || !expected.has(error.code)) throw error;
      state.expiresAt = Date.now() + 500;
      return;
    }
    if (id !== undefined) state.connection = id;
    // Somebody was killed between a disconnect and the next consent.
    else if (!stopping && random.chance(0.2)) await once(state, () => connectAnew(state));
  }

  async function connectAnew(state: CustomerState): Promise<void> {
    const id = await connect(keeper, signIn, state.owner, state.account);
    state.connection = id;
    state.expiresAt = 0;
    options.onConnected(
      options.customers.findIndex(({ owner }) => owner === state.owner),
      id,
    );
  }

  /** What a user does, one thing at a time; an error that a storm explains ends it. */
  async function once(state: CustomerState, work: () => Promise<void>): Promise<void> {
    if (state.busy) return;
    state.busy = true;
    try {
      await work();
    } catch (error) {
      if (!isGrantkeeperError(error)) throw error;
      const { code, message } = error;
      const known = expected.has(code) || code === "not_connected" || code === "reauthorization_required";
      // The grant may be ended, or its first access token run out, before its consent is finished.
      if (!known && !(code === "invalid_response" && message.endsWith("status 401."))) throw error;
    } finally {
      state.busy = false;
    }
  }

  async function leaveAndComeBack(state: CustomerState): Promise<void> {
    const { connection: id } = state;
    if (id === undefined) return;
    await disconnect(keeper, id);
    state.connection = undefined;
    await connectAnew(state);
  }

  async function rewrap(): Promise<void> {
    const { changed } = await inFlow({ connection: undefined, purpose: "other" }, () => keeper.rotateKeys());
    writer.write({ kind: "rewrapped", at: now(), rows: changed });
  }

  function step(): void {
    const state = choose();
    if (state === undefined) return;
    const dice = random.next();
    const { connection: id } = state;
    if (dice < 0.002) begin(() => once(state, () => leaveAndComeBack(state)));
    else if (dice < 0.006 && id !== undefined) {
      begin(() => once(state, () => reconnect(keeper, signIn, state.account, id)));
    } else if (dice < 0.01 && id !== undefined) {
      const set = (): Promise<void> => keeper.connection("main", { id }).setMetadata({ at: Date.now() });
      begin(() => once(state, () => inFlow({ connection: id, purpose: "other" }, set)));
    } else if (dice < 0.011) begin(() => once(state, rewrap));
    else {
      const callers = random.chance(0.05) ? 20 + random.below(20) : 1 + random.below(6);
      for (let count = 0; count < callers; count++) begin(() => call(state));
    }
  }

  async function run(): Promise<void> {
    while (!stopping) {
      if (!isBusy()) step();
      await new Promise((resolve) => setTimeout(resolve, random.between(8, 32)));
    }
  }
  const loop = run();

  return {
    async stop(close) {
      stopping = true;
      await loop;
      await close();
      await Promise.all(running.keys());
      clearInterval(watch);
    },
  };
}
