import type { KeeperSetup } from "../worker/messages.ts";
import type { Armed } from "../worker/points.ts";
import { startChild } from "./child.ts";

export type ToCaller =
  | {
      readonly kind: "begin";
      readonly process: string;
      readonly setup: KeeperSetup;
      readonly history: string;
      readonly armed: Armed | undefined;
    }
  /** So many callers ask for the token of a connection at once, and again for so long while they may try again. */
  | { readonly kind: "ask"; readonly connection: string; readonly callers: number; readonly patienceMs: number };

export type FromCaller = { readonly kind: "ready" } | { readonly kind: "tokens"; readonly tokens: readonly string[] };

/** Another process that asks for tokens. */
export interface Caller {
  /** Digests of the different tokens that were given. Rejects when the process ends before it answers. */
  ask(connection: string, callers: number, patienceMs: number): Promise<readonly string[]>;
  readonly exited: Promise<void>;
  close(): void;
}

export async function startCaller(begin: Omit<Extract<ToCaller, { kind: "begin" }>, "kind">): Promise<Caller> {
  const { tell, exited, close } = startChild<ToCaller, FromCaller>(new URL("caller.ts", import.meta.url));
  await tell({ kind: "begin", ...begin });
  return {
    async ask(connection, callers, patienceMs) {
      const answer = await tell({ kind: "ask", connection, callers, patienceMs });
      return answer.kind === "tokens" ? answer.tokens : [];
    },
    exited,
    close,
  };
}
