import type { Environment } from "../environment.ts";
import { type ErrorCode, isGrantkeeperError } from "../errors.ts";
import { assembleKeeper } from "../keeper.ts";
import type { Keeper } from "../keeper-api.ts";
import type { CallPurpose } from "./history.ts";
import { hostJournal } from "./journal.ts";
import { carrierOf, type Sender } from "./messages.ts";
import { observedStore } from "./observed-store.ts";
import { hostOf, type ProcessPlan } from "./plan.ts";
import { callbackUrl, connectorKey, keys, refreshTimes } from "./scene.ts";
import { storePort } from "./store-port.ts";
import { type Consents, providerFetch } from "./token-requests.ts";
import type { World } from "./world.ts";

/** A process: one keeper after another, each on the same store. */
export interface Process {
  readonly index: number;
  /** Asks the keeper of now for something, and writes down what becomes of it. Nobody asks while it is down. */
  ask<Result>(request: Ask<Result>): void;
  crash(losesSent: boolean, downMs: number): void;
  /** Closes the keeper as an application does that stops, and ends it at last after a while. */
  close(downMs: number): void;
  pause(forMs: number): void;
  /** Ends a pause and a time of being down. */
  heal(): void;
}

export interface Ask<Result> {
  readonly purpose: CallPurpose;
  readonly account: number | undefined;
  readonly rejected?: string | undefined;
  readonly work: (keeper: Keeper) => Promise<Result>;
  /** What came back, as a caller would use it. */
  readonly onResult?: (result: Result) => void;
  /** The access token in it. */
  readonly accessTokenOf?: (result: Result) => string;
  readonly onError?: (code: string) => void;
}

interface Life {
  readonly id: number;
  readonly keeper: Keeper;
  /** What waits for the end of a pause; `undefined` while there is none. */
  held: (() => void)[] | undefined;
  dead: boolean;
  losesSent: boolean;
}

const closeTimeMs = 20_000;

export function createProcess(
  world: World,
  index: number,
  plan: ProcessPlan,
  consents: Consents,
  accountOf: (connectionId: string) => number,
): Process {
  const { agenda, observe, trace } = world;
  const host = hostOf(index);
  let ids = 0;
  let draws = 0;
  let life: Life | undefined;

  function begin(): void {
    const id = world.nextNumber();
    let own: Life | undefined;

    function enter(step: () => void): void {
      if (own === undefined || own.dead) return;
      if (own.held === undefined) step();
      else own.held.push(step);
    }

    const sender: Sender = {
      process: index,
      life: id,
      isLost: () => own?.losesSent === true,
      enter,
      crash: (losesSent, downMs) => own !== undefined && !own.dead && end(own, losesSent, downMs),
      pause: (forMs) => own !== undefined && !own.dead && pauseLife(own, forMs),
    };
    const environment: Environment = {
      now: () => agenda.now() + plan.skewMs,
      after(ms, task) {
        let calledOff = false;
        // As setTimeout does with fractions.
        const callOff = agenda.after(Math.max(1, Math.trunc(ms)), () => enter(() => calledOff || task()));
        return () => {
          calledOff = true;
          callOff();
        };
      },
      soon: queueMicrotask,
      // Spread over the interval, and the same ones every time.
      random: () => ((++draws * 0x9e3779b9) >>> 0) / 0x1_0000_0000,
      randomId: (prefix) => `${prefix}_${index}.${ids++}`,
    };
    const carry = carrierOf(world, sender);
    const keeper = assembleKeeper(
      {
        connectors: { [connectorKey]: world.scene.connector },
        store: storePort(observedStore(world, id, accountOf), carry),
        keys: plan.sealsWithOther ? [...keys].reverse() : keys,
        callbackUrl,
        fetch: providerFetch(world, sender, consents) as typeof fetch,
        refresh: refreshTimes,
        logger,
      },
      environment,
      hostJournal(world, id, host, carry),
    ) as unknown as Keeper;
    own = { id, keeper, held: undefined, dead: false, losesSent: false };
    life = own;
    observe({ kind: "born", life: id, process: index, host, skewMs: plan.skewMs });
    trace(index, () => "starts");
    keeper.on("connection.needs_reauthorization", ({ connectionId, reason }) => {
      observe({ kind: "announced", life: id, account: accountOf(connectionId), reason });
    });
    keeper.on("connection.refreshed", () => world.count("refreshes"));
  }

  function end(ended: Life, losesSent: boolean, downMs: number, closed = false): void {
    ended.dead = true;
    ended.losesSent = losesSent;
    ended.held = undefined;
    if (life === ended) life = undefined;
    if (!closed) world.count("crashes");
    observe({ kind: "died", life: ended.id, closed });
    trace(index, () => (closed ? "has closed" : "crashes"));
    agenda.after(downMs, () => {
      if (life === undefined) begin();
    });
  }

  function pauseLife(paused: Life, forMs: number): void {
    if (paused.held !== undefined) return;
    paused.held = [];
    world.count("pauses");
    observe({ kind: "paused", life: paused.id });
    trace(index, () => `stands still for ${forMs} ms`);
    agenda.after(forMs, () => resume(paused));
  }

  function resume(paused: Life): void {
    const { held } = paused;
    if (held === undefined || paused.dead) return;
    paused.held = undefined;
    observe({ kind: "resumed", life: paused.id });
    trace(index, () => "goes on");
    // Timers and answers that are due by now: which comes first is open.
    for (const step of held) agenda.after(0, () => enterLife(paused, step));
  }

  function enterLife(own: Life, step: () => void): void {
    if (own.dead) return;
    if (own.held === undefined) step();
    else own.held.push(step);
  }

  function ask<Result>({ purpose, account, rejected, work, onResult, accessTokenOf, onError }: Ask<Result>): void {
    const asked = life;
    if (asked === undefined || asked.held !== undefined) return;
    const call = world.nextNumber();
    observe({ kind: "called", call, life: asked.id, account, purpose, rejected });
    trace(index, () => `is asked: ${purpose} ${account ?? ""}`);
    // A keeper may refuse before it promises anything.
    (async () => work(asked.keeper))().then(
      (result) => {
        const accessToken = accessTokenOf?.(result);
        observe({ kind: "returned", call, accessToken });
        trace(index, () => `answers: ${purpose} ${account ?? ""} ${accessToken ?? ""}`);
        onResult?.(result);
      },
      (error: unknown) => {
        const code = codeOf(error);
        observe({ kind: "threw", call, code });
        trace(
          index,
          () => `throws: ${purpose} ${account ?? ""} ${code}${code === "unknown" ? ` ${String(error)}` : ""}`,
        );
        onError?.(code);
      },
    );
  }

  begin();
  return {
    index,
    ask,
    crash(losesSent, downMs) {
      if (life !== undefined) end(life, losesSent, downMs);
    },
    close(downMs) {
      const closing = life;
      if (closing === undefined || closing.held !== undefined) return;
      const stop = (closed: boolean): void => {
        if (!closing.dead) end(closing, false, downMs, closed);
      };
      ask({ purpose: "close", account: undefined, work: (keeper) => keeper.close(), onResult: () => stop(true) });
      // A supervisor waits no longer.
      agenda.after(closeTimeMs, () => stop(false));
    },
    pause(forMs) {
      if (life !== undefined) pauseLife(life, forMs);
    },
    heal() {
      if (life === undefined) begin();
      else resume(life);
    },
  };
}

const silently = (): void => undefined;
const logger = { debug: silently, info: silently, warn: silently, error: silently };

function codeOf(error: unknown): ErrorCode | "unknown" {
  return isGrantkeeperError(error) ? error.code : "unknown";
}
