import { GrantkeeperError } from "../errors.ts";
import type { Fate, Operation } from "./plan.ts";
import type { Carry } from "./store-port.ts";
import type { World } from "./world.ts";

/** One life of a process, as its messages see it. */
export interface Sender {
  readonly process: number;
  readonly life: number;
  /** Whether what it has sent and what has not arrived is lost with it. */
  readonly isLost: () => boolean;
  /** Runs in the process: at once, when it goes on after a pause, or never when it has died. */
  readonly enter: (step: () => void) => void;
  readonly crash: (losesSent: boolean, downMs: number) => void;
  readonly pause: (forMs: number) => void;
}

const aLongTimeMs = 1_000;

/** Carries the operations of one life to the store, or to its disk: there and back are two steps. */
export function carrierOf(world: World, sender: Sender): Carry {
  const { agenda, trace } = world;
  const { process, life } = sender;

  return <Answer>(operation: Operation, act: () => Answer): Promise<Answer> => {
    const fate = world.fateOf(operation);
    const [requestMs, answerMs] = fate?.kind === "slow" ? [fate.requestMs, fate.answerMs] : [0, world.plan.storeMs];
    const isSlow = requestMs + answerMs >= aLongTimeMs;
    const isCutOff = (): boolean => operation !== "journal" && world.isCutOff(process);
    const breaks = (acts: boolean): boolean =>
      (fate?.kind === "broken" || fate?.kind === "silent") && fate.acts === acts;
    if (isSlow) world.observe({ kind: "hindered", life, until: agenda.now() + requestMs + answerMs });

    return new Promise((resolve, reject) => {
      function answer(give: () => void, what: () => string): void {
        agenda.after(answerMs, () => {
          trace(process, () => `← ${operation} ${what()}`);
          if (isSlow) world.observe({ kind: "hindered", life, until: agenda.now() + requestMs + answerMs });
          sender.enter(give);
        });
      }
      function fail(): void {
        world.observe({ kind: "hindered", life, until: agenda.now() });
        reject(new GrantkeeperError("store_unavailable", "The store is away.", { retryAt: new Date(agenda.now()) }));
      }
      agenda.after(requestMs, () => {
        if (sender.isLost()) return;
        befall(sender, fate, false);
        if (sender.isLost()) return;
        if (isCutOff() || breaks(false)) {
          trace(process, () => `→ ${operation} does not arrive`);
          answer(fail, () => "fails");
          return;
        }
        const value = act();
        trace(process, () => `→ ${operation} ${describe(value)}`);
        befall(sender, fate, true);
        answer(
          () => (isCutOff() || breaks(true) ? fail() : resolve(value)),
          () => (isCutOff() || breaks(true) ? "fails" : ""),
        );
      });
    });
  };
}

/** What is planned for the process itself when its request arrives, or (`acted`) right after. */
export function befall(sender: Sender, fate: Fate | undefined, acted: boolean): void {
  if (fate?.kind === "crash" && fate.acts === acted) sender.crash(!acted, fate.downMs);
  if (fate?.kind === "pause" && fate.acts === acted) sender.pause(fate.forMs);
}

function describe(value: unknown): string {
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  if (typeof value !== "object" || value === null) return "";
  if ("inserted" in value) return value.inserted === true ? "inserted" : "taken";
  if ("kind" in value && "lease" in value)
    return `${String(value.kind)}, fence ${(value.lease as { fence: number }).fence}`;
  if ("kind" in value) return String(value.kind);
  if ("fence" in value && "version" in value) return `version ${String(value.version)}, fence ${String(value.fence)}`;
  return "";
}
