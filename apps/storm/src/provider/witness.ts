import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { now } from "../clock.ts";
import { digest } from "../history/digest.ts";
import type { TokenHash, TokenRequest, UserEnd } from "../history/history.ts";
import type { Random } from "../random.ts";
import { type ForwardedAnswer, forward } from "./forward.ts";
import type { Judge } from "./judge.ts";
import { readTokens, refuseHeader } from "./token-answer.ts";

/** Stands in front of the provider, passes each request on as it is, and writes down what happens to tokens. */
export interface Witness {
  readonly origin: string;
  /** In the order in which they arrived. */
  readonly requests: readonly TokenRequest[];
  readonly userEnds: readonly UserEnd[];
  /** How many token requests were passed on to the provider. */
  readonly passedOn: number;
  /** Files tokens that were issued without a request. */
  issue(request: Pick<TokenRequest, "id" | "process">, accessToken: string, refreshToken: string): void;
  /** Ends a grant as its user does. False where it has no refresh token that is good. */
  endAsUser(refresh: TokenHash): Promise<boolean>;
  /** Refresh tokens that were issued last in each grant. */
  latest(): readonly TokenHash[];
  close(): Promise<void>;
}

export interface WitnessOptions {
  readonly judge: Judge;
  readonly random: Random;
  /** An error to answer a refresh with before the provider sees it, now and then. */
  readonly fault: () => InjectedAnswer | undefined;
  /**
   * Called when a refresh has issued new tokens, before they are sent: the moment at which an answer can get lost. Resolves
   * to false where its sender is not there any more.
   */
  readonly afterCommit: (request: Pick<TokenRequest, "id" | "process">) => Promise<boolean>;
}

export interface InjectedAnswer {
  readonly name: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Milliseconds that a request to the token endpoint takes at most on its way in, and out. */
const longestWayMs = 8;

const throttled: InjectedAnswer = { name: "429", status: 429, headers: { "retry-after": "1" }, body: "" };
const overloaded: InjectedAnswer = { name: "503", status: 503, headers: {}, body: "" };

export async function startWitness(options: WitnessOptions): Promise<Witness> {
  const { judge, random } = options;
  const { connector } = judge;
  const tokenPath = pathOf(connector.tokenEndpoint);
  const revocationPath = pathOf(connector.revocationEndpoint);
  const requests: TokenRequest[] = [];
  const userEnds: UserEnd[] = [];
  /** The refresh tokens themselves, by digest: only the provider's judgement of them is written down. */
  const tokens = new Map<TokenHash, { readonly token: string; readonly grant: number }>();
  const grants: TokenHash[][] = [];
  let passedOn = 0;

  function file(refreshToken: string, parent: TokenHash | undefined): TokenHash {
    const refresh = digest(refreshToken);
    if (tokens.has(refresh)) return refresh;
    const grant = (parent === undefined ? undefined : tokens.get(parent)?.grant) ?? grants.length;
    tokens.set(refresh, { token: refreshToken, grant });
    const members = grants[grant];
    if (members === undefined) grants.push([refresh]);
    else members.push(refresh);
    return refresh;
  }

  async function aliveBeside(presented: TokenHash): Promise<readonly TokenHash[]> {
    const members = grants[tokens.get(presented)?.grant ?? -1] ?? [];
    const alive = await Promise.all(members.map((member) => judge.isAlive(tokens.get(member)?.token ?? "")));
    return members.filter((_, index) => alive[index] === true);
  }

  async function answerTokenRequest(incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): Promise<void> {
    const startedAt = now();
    const gone = once(outgoing, "close");
    const id = String(incoming.headers["x-request-id"]);
    const form = new URLSearchParams(body.toString("utf8"));
    const refreshToken = form.get("refresh_token");
    const presented = refreshToken === null ? undefined : digest(refreshToken);
    const entry: { -readonly [Key in keyof TokenRequest]: TokenRequest[Key] } = {
      id,
      process: id.slice(0, id.indexOf("-")),
      kind: presented === undefined ? "consent" : "refresh",
      ...{ presented, startedAt, endedAt: Number.POSITIVE_INFINITY, outcome: "other", detail: "pending" },
      ...{ access: undefined, refresh: undefined, alive: undefined },
    };
    requests.push(entry);
    try {
      const injected = presented === undefined ? undefined : injectedAnswer(incoming.headers);
      if (injected !== undefined) {
        Object.assign(entry, { outcome: "withheld", detail: injected.name });
        reply(outgoing, { ...injected, body: Buffer.from(injected.body) });
        return;
      }
      await delay(random.between(0, longestWayMs));
      passedOn++;
      const answer = await forward(judge.origin, incoming, body);
      await readAnswer(entry, answer);
      const there =
        entry.outcome === "issued" && entry.kind === "refresh"
          ? await options.afterCommit({ id, process: entry.process })
          : true;
      await delay(random.between(0, longestWayMs));
      if (there) reply(outgoing, answer);
      else outgoing.destroy();
    } finally {
      if (!outgoing.headersSent) outgoing.destroy();
      await gone;
      entry.endedAt = now();
    }
  }

  function injectedAnswer(headers: IncomingHttpHeaders): InjectedAnswer | undefined {
    if (headers[refuseHeader] !== undefined) return random.chance(0.5) ? throttled : overloaded;
    return options.fault();
  }

  async function readAnswer(
    entry: { -readonly [Key in keyof TokenRequest]: TokenRequest[Key] },
    { status, body }: ForwardedAnswer,
  ): Promise<void> {
    const { accessToken, refreshToken, error } = readTokens(body.toString("utf8"));
    if (status === 200 && accessToken !== undefined) {
      entry.outcome = "issued";
      entry.detail = "";
      entry.access = digest(accessToken);
      entry.refresh = refreshToken === undefined ? entry.presented : file(refreshToken, entry.presented);
    } else if (error === "invalid_grant") {
      entry.outcome = "refused";
      entry.detail = error;
      entry.alive = entry.presented === undefined ? undefined : await aliveBeside(entry.presented);
    } else entry.detail = error ?? String(status);
  }

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const path = incoming.url?.split("?")[0];
    if (path === tokenPath) return answerTokenRequest(incoming, body, outgoing);
    if (path === revocationPath) {
      const refresh = digest(new URLSearchParams(body.toString("utf8")).get("token") ?? "");
      if (tokens.has(refresh)) userEnds.push({ at: now(), by: "disconnect", refresh });
    }
    reply(outgoing, await forward(judge.origin, incoming, body));
  }

  const server = createServer((incoming, outgoing) => {
    // Who was killed in the middle of it has nothing to be told.
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ requests, userEnds },
    get passedOn() {
      return passedOn;
    },
    issue({ id, process }, accessToken, refreshToken) {
      const at = now();
      requests.push({
        ...{
          id,
          process,
          kind: "consent",
          presented: undefined,
          startedAt: at,
          endedAt: at,
          outcome: "issued",
          detail: "",
        },
        ...{ access: digest(accessToken), refresh: file(refreshToken, undefined), alive: undefined },
      });
    },
    async endAsUser(refresh) {
      const { token } = tokens.get(refresh) ?? {};
      if (token === undefined || !(await judge.isAlive(token))) return false;
      userEnds.push({ at: now(), by: "user", refresh });
      await judge.end(token);
      return true;
    },
    latest: () => grants.flatMap((members) => members.slice(-1)),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function reply(outgoing: ServerResponse, { status, headers, body }: ForwardedAnswer): void {
  outgoing.writeHead(status, headers).end(body);
}

function pathOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url).pathname;
}
