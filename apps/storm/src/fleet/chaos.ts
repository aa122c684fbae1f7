import { setTimeout as delay } from "node:timers/promises";
import { type KillPoint, killPoints } from "../history/history.ts";
import type { Random } from "../random.ts";
import type { Armed } from "../worker/points.ts";
import type { Fleet, Worker } from "./fleet.ts";

export interface ChaosOptions {
  readonly fleet: Fleet;
  readonly random: Random;
  readonly seconds: number;
  readonly kills: number;
  readonly leaseMs: number;
  readonly recoveryWaitMs: number;
  readonly signal: AbortSignal;
}

/** Kills and stops workers, at any time and at the named points. */
export interface Chaos {
  /** Resolves when the time is over and all kills are made, or cannot be made any more. */
  run(): Promise<void>;
  /** To be asked when a provider's answer is about to be sent: false where its receiver was killed instead. */
  afterCommit(request: { readonly id: string; readonly process: string }): Promise<boolean>;
  /** A worker is about to stop itself. */
  onStopping(worker: Worker): void;
  readonly stops: number;
}

const patienceMs = 3_000;
/** How much longer than asked for a storm lasts at most, to make the kills that its machine was too slow for. */
const extension = 0.5;

export function createChaos(options: ChaosOptions): Chaos {
  const { fleet, random, seconds, leaseMs, recoveryWaitMs, signal } = options;
  /** Workers whose next answer is to be their last, or to be held up. */
  const spending = new Map<string, { readonly action: Armed["action"]; done: boolean }>();
  let deck: ("random" | KillPoint)[] = [];
  let stops = 0;

  /** Of all points each comes equally often. */
  function draw(): "random" | KillPoint {
    if (deck.length === 0) deck = random.shuffled(["random", ...killPoints]);
    return deck.pop() ?? "random";
  }

  async function choose(until: number): Promise<Worker | undefined> {
    while (Date.now() < until && !signal.aborted) {
      const free = fleet.workers.filter(
        ({ state, armed, process }) => state === "running" && armed === undefined && !spending.has(process),
      );
      const worker = random.pick(free);
      if (worker !== undefined) return worker;
      await delay(20);
    }
    return undefined;
  }

  /** Arms a point and waits until it is reached. */
  async function provoke(worker: Worker, point: KillPoint, action: Armed["action"]): Promise<void> {
    const { process } = worker;
    const spend = { action, done: false };
    if (point === "after-provider-commit") spending.set(process, spend);
    else fleet.send(worker, { kind: "arm", armed: { point, action } });
    const until = Date.now() + patienceMs;
    const isReached = (): boolean => spend.done || worker.state === "gone" || worker.state === "stopped";
    while (!isReached() && Date.now() < until && !signal.aborted) await delay(10);
    spending.delete(process);
    if (isReached()) return;
    fleet.send(worker, { kind: "arm", armed: undefined });
    // It may be there already when it hears of that.
    await delay(100);
  }

  /** Several at once, since a point may be a while in coming. */
  async function killAll(startedAt: number): Promise<void> {
    const deadline = startedAt + seconds * 1_000 * (1 + extension);
    let begun = 0;
    async function killOneByOne(): Promise<void> {
      while (begun < options.kills && Date.now() < deadline && !signal.aborted) {
        const due = startedAt + ((begun++ + random.next()) / options.kills) * seconds * 1_000;
        await pause(due - Date.now());
        const point = draw();
        const worker = await choose(deadline);
        if (worker !== undefined && (await killAt(worker, point))) continue;
        // It may have left before it got there, or have had nothing to do.
        deck.push(point);
        begun--;
        await delay(20);
      }
    }
    const lanes = Math.max(1, Math.floor(fleet.workers.length / 3));
    await Promise.all(Array.from({ length: lanes }, killOneByOne));
  }

  async function killAt(worker: Worker, point: "random" | KillPoint): Promise<boolean> {
    if (point === "random") await fleet.kill(worker);
    else await provoke(worker, point, "kill");
    return fleet.deaths.some(({ process }) => process === worker.process);
  }

  /** Longer than the lease, and sometimes until others have recovered what was in flight. */
  function stopLength(): number {
    return random.chance(0.25)
      ? recoveryWaitMs + random.between(500, 1_500) + leaseMs
      : leaseMs + random.between(300, 1_500);
  }

  async function stopSome(startedAt: number): Promise<void> {
    const wanted = Math.max(1, Math.round(seconds / 2.5));
    const atOnce = Math.max(1, Math.floor(fleet.workers.length / 3));
    const end = startedAt + seconds * 1_000;
    for (let index = 0; index < wanted; index++) {
      await pause(startedAt + ((index + random.next()) / wanted) * seconds * 1_000 - Date.now());
      while (fleet.workers.filter(({ state }) => state === "stopped").length >= atOnce) {
        if (Date.now() >= end || signal.aborted) return;
        await delay(50);
      }
      const worker = await choose(end);
      if (worker === undefined) return;
      const point = random.chance(0.5) ? random.pick(killPoints) : undefined;
      if (point === undefined) stop(worker);
      else await provoke(worker, point, "stop");
    }
  }

  function stop(worker: Worker, by?: "itself"): void {
    stops++;
    fleet.stop(worker, stopLength(), by);
  }

  async function pause(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal }).catch(() => undefined);
  }

  return {
    async run() {
      const startedAt = Date.now();
      await Promise.all([killAll(startedAt), stopSome(startedAt), pause(seconds * 1_000)]);
    },
    async afterCommit({ id, process }) {
      const spend = spending.get(process);
      const worker = fleet.find(process);
      if (spend === undefined || spend.done || worker === undefined) return true;
      spend.done = true;
      if (spend.action === "stop") {
        stop(worker);
        return true;
      }
      await fleet.kill(worker, { point: "after-provider-commit", request: id });
      return false;
    },
    onStopping: (worker) => stop(worker, "itself"),
    get stops() {
      return stops;
    },
  };
}
