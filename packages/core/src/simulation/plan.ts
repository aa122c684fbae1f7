/** Everything about a sequence that is chosen beside the order of its steps. Plain values, so that they can be shrunk. */
export interface Plan {
  /** What fast-check's scheduler is seeded with, which chooses the order of steps. */
  readonly order: number;
  readonly processes: readonly ProcessPlan[];
  /** What the store's clock is ahead by, in milliseconds. */
  readonly storeSkewMs: number;
  /** How long each answer of the store, and each to a token request, is on its way, in milliseconds. */
  readonly storeMs: number;
  readonly tokenMs: number;
  /** How many connections there are: one account each. */
  readonly connections: number;
  readonly commands: readonly Command[];
  readonly faults: readonly Fault[];
}

export interface ProcessPlan {
  readonly skewMs: number;
  /** Whether the second of the two keys is the one that it seals with. */
  readonly sealsWithOther: boolean;
}

/** How many processes there are. The first two share a host, and so a journal. */
export const processCount = 3;
export const hostOf = (process: number): number => (process < 2 ? 0 : 1);

export type Command = {
  /** Milliseconds since the command before. */
  readonly gapMs: number;
} & Action;

export type Action =
  | {
      readonly kind: "token";
      readonly process: number;
      readonly connection: number;
      readonly callers: number;
      /** Whether the access token that this process had last was refused by the API. */
      readonly rejected: boolean;
    }
  | {
      readonly kind: "consent";
      readonly process: number;
      readonly connection: number;
      /** Whether the provider ends what the account granted before. */
      readonly endsOthers: boolean;
    }
  | { readonly kind: "disconnect"; readonly process: number; readonly connection: number }
  | { readonly kind: "setMetadata"; readonly process: number; readonly connection: number }
  | { readonly kind: "rotateKeys"; readonly process: number }
  | { readonly kind: "keepAlive"; readonly process: number }
  | { readonly kind: "crash"; readonly process: number; readonly losesSent: boolean; readonly downMs: number }
  | { readonly kind: "close"; readonly process: number; readonly downMs: number }
  | { readonly kind: "pause"; readonly process: number; readonly forMs: number }
  | { readonly kind: "userRevokes"; readonly connection: number }
  /** Of the store, for one process or (`undefined`) for all. */
  | { readonly kind: "outage"; readonly process: number | undefined; readonly forMs: number }
  /** Of one row, to what it was so many writes before; by a process where its user consents again at once. */
  | {
      readonly kind: "restore";
      readonly connection: number;
      readonly writesBack: number;
      readonly consentBy: number | undefined;
    };

/** What a process asks of the store, the provider or its journal. */
export const operations = [
  "migrate",
  "get",
  "insert",
  "lease",
  "release",
  "commit",
  "delete",
  "rewrap",
  "claimDue",
  "list",
  "flows",
  "records",
  "token",
  "exchange",
  "revoke",
  "journal",
] as const;
export type Operation = (typeof operations)[number];

/** What becomes of the `nth` request of one kind, whichever process makes it. */
export interface Fault {
  readonly operation: Operation;
  readonly nth: number;
  readonly fate: Fate;
}

export type Fate =
  /** The request, the answer, or both are on the way for longer than any other. */
  | { readonly kind: "slow"; readonly requestMs: number; readonly answerMs: number }
  /** A connection that breaks, before the request has arrived or (`acts`) after. */
  | { readonly kind: "broken"; readonly acts: boolean }
  /** No answer ever. Of a store, which has no silence, it is the same as `broken`. */
  | { readonly kind: "silent"; readonly acts: boolean }
  /** No connection comes about. */
  | { readonly kind: "unsent" }
  /** An answer of the provider that is no token response; `acts`: after it has done what it was asked to. */
  | { readonly kind: "answer"; readonly answer: UselessAnswer; readonly acts: boolean }
  /** A token response that lacks something, with a new refresh token in it. */
  | { readonly kind: "flawed"; readonly flaw: "no access token" | "negative lifetime" }
  /** The process dies as its request arrives, or (`acts`) once it was acted on. */
  | { readonly kind: "crash"; readonly acts: boolean; readonly downMs: number }
  | { readonly kind: "pause"; readonly acts: boolean; readonly forMs: number };

export const uselessAnswers = ["503", "429", "html", "garbage", "server_error", "invalid_client"] as const;
export type UselessAnswer = (typeof uselessAnswers)[number];
