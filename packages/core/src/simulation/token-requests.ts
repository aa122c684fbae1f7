import type { Fetch } from "../provider/http.ts";
import type { LossCause, RequestOutcome } from "./history.ts";
import { befall, type Sender } from "./messages.ts";
import type { Fate, Operation, UselessAnswer } from "./plan.ts";
import type { Issued } from "./provider.ts";
import { accessTokenLifetime } from "./scene.ts";
import type { World } from "./world.ts";

/** What goes back, and what it tells its reader. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly outcome: RequestOutcome;
  readonly cause?: LossCause;
}

/** Codes of consents that were given and not exchanged yet. */
export interface Consents {
  take(code: string): { readonly account: number; readonly endsOthers: boolean } | undefined;
}

/** The provider's endpoints as one life of a process reaches them: a request and its answer are two steps. */
export function providerFetch(world: World, sender: Sender, consents: Consents): Fetch {
  const { agenda, provider, trace, observe } = world;
  const { process, life } = sender;

  return (url, init) => {
    const form = init.body instanceof URLSearchParams ? init.body : new URLSearchParams();
    const operation = operationOf(url, form);
    const fate = world.fateOf(operation);
    const request = world.nextNumber();
    const refreshing = operation === "token";
    const refreshToken = form.get("refresh_token") ?? "";
    const close = (outcome: RequestOutcome, cause?: LossCause): void => {
      if (!refreshing) return;
      observe({ kind: "closed", request, outcome, ...(cause === undefined ? {} : { cause }) });
    };
    if (refreshing) {
      world.count("tokenRequests");
      observe({ kind: "sent", request, life, refreshToken });
    }
    trace(
      process,
      () => `  sends ${operation} ${refreshToken || (form.get("token") ?? form.get("code") ?? "")} (${request})`,
    );

    function present(): Answer {
      if (operation === "exchange") return exchange(form.get("code") ?? "");
      if (operation === "revoke") {
        const token = provider.find(form.get("token") ?? "");
        if (token !== undefined) provider.end(token.grant, "client");
        return { status: 200, body: "", outcome: "not spent" };
      }
      const presentation = provider.refresh(refreshToken, agenda.now());
      if (presentation.kind === "refused") {
        observe({ kind: "presented", request, issued: undefined, reuse: presentation.reuse });
        return { status: 400, body: JSON.stringify({ error: "invalid_grant" }), outcome: "refused" };
      }
      const { issued, rotated } = presentation;
      const tokens = { accessToken: issued.accessToken, refreshToken: issued.refreshToken.value };
      observe({ kind: "presented", request, issued: tokens, reuse: false });
      return { status: 200, body: tokenBody(issued, rotated, fate), outcome: "tokens" };
    }

    function exchange(code: string): Answer {
      const consent = consents.take(code);
      if (consent === undefined)
        return { status: 400, body: JSON.stringify({ error: "invalid_grant" }), outcome: "refused" };
      const { account, endsOthers } = consent;
      const body = tokenBody(provider.consent(account, endsOthers), true, fate);
      return { status: 200, body, outcome: "tokens" };
    }

    return new Promise((resolve, reject) => {
      let over = false;
      init.signal?.addEventListener(
        "abort",
        () => {
          if (over) return;
          over = true;
          trace(process, () => `  waits no longer for ${operation} (${request})`);
          close("unclear", givenUpBecause(fate));
        },
        { once: true },
      );
      const finish = (how: () => void): void =>
        sender.enter(() => {
          if (over) return;
          over = true;
          how();
        });
      const fail = (details: object, outcome: RequestOutcome, cause?: LossCause): void =>
        finish(() => {
          trace(process, () => `← ${operation} breaks (${request})`);
          close(outcome, cause);
          reject(Object.assign(new Error("no connection"), details));
        });
      const [requestMs, answerMs] =
        fate?.kind === "slow" ? [fate.requestMs, fate.answerMs] : [0, refreshing ? world.plan.tokenMs : 0];

      agenda.after(requestMs, () => {
        if (sender.isLost()) return;
        if (fate?.kind === "unsent") {
          fail({ code: "ECONNREFUSED", syscall: "connect" }, "not spent");
          return;
        }
        befall(sender, fate, false);
        if (sender.isLost()) return;
        const interrupted = fate?.kind === "broken" || fate?.kind === "silent";
        if (interrupted && !fate.acts) {
          trace(process, () => `→ ${operation} does not arrive (${request})`);
          if (fate.kind === "broken") fail({ code: "ECONNRESET" }, "unclear", "answer lost");
          return;
        }
        const useless = fate?.kind === "answer" ? fate : undefined;
        const acted = useless?.acts === false ? undefined : present();
        trace(process, () => `→ ${operation} ${acted?.outcome ?? "is not looked at"} (${request})`);
        befall(sender, fate, true);
        if (interrupted) {
          world.count("lostResponses");
          if (fate.kind === "broken") agenda.after(0, () => fail({ code: "ECONNRESET" }, "unclear", "answer lost"));
          return;
        }
        const answer = useless === undefined ? acted : uselessAnswer(useless.answer);
        if (answer === undefined) return;
        agenda.after(answerMs, () =>
          finish(() => {
            trace(process, () => `← ${operation} ${answer.status} ${answer.body} (${request})`);
            close(answer.outcome, answer.cause);
            resolve(responseOf(answer));
          }),
        );
      });
    });
  };
}

function operationOf(url: string, form: URLSearchParams): Extract<Operation, "token" | "exchange" | "revoke"> {
  if (url.endsWith("/revoke")) return "revoke";
  return form.get("grant_type") === "refresh_token" ? "token" : "exchange";
}

/** Why a process waited in vain: the wait itself is the same whatever became of the request. */
function givenUpBecause(fate: Fate | undefined): LossCause | undefined {
  if (fate?.kind === "silent") return "answer lost";
  if (fate?.kind === "slow") return "late";
  return undefined;
}

function tokenBody({ accessToken, refreshToken }: Issued, rotated: boolean, fate: Fate | undefined): string {
  const flaw = fate?.kind === "flawed" ? fate.flaw : undefined;
  return JSON.stringify({
    ...(flaw === "no access token" ? {} : { access_token: accessToken }),
    ...(rotated ? { refresh_token: refreshToken.value } : {}),
    token_type: "bearer",
    expires_in: flaw === "negative lifetime" ? -5 : accessTokenLifetime,
    account: String(refreshToken.grant.account),
  });
}

function uselessAnswer(kind: UselessAnswer): Answer {
  const unclear = { outcome: "unclear", cause: "answer unusable" } as const;
  switch (kind) {
    case "503":
      return { status: 503, body: "", ...unclear };
    case "429":
      return { status: 429, body: "", outcome: "not spent" };
    case "html":
      return { status: 200, body: "<html>", ...unclear };
    case "garbage":
      return { status: 400, body: "[]", ...unclear };
    case "server_error":
      return { status: 400, body: JSON.stringify({ error: "server_error" }), ...unclear };
    case "invalid_client":
      return { status: 401, body: JSON.stringify({ error: "invalid_client" }), outcome: "not spent" };
  }
}

function responseOf({ status, body }: Answer): Response {
  return new Response(body, { status, headers: { "content-type": "application/json", "retry-after": "3" } });
}
