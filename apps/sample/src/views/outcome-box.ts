import { html } from "hono/html";
import type { AskedAtOnce } from "../ask-at-once.ts";
import type { ApiAnswer } from "../call-api.ts";
import type { Outcome } from "../outcomes.ts";
import { duration } from "../token-life.ts";
import type { Html } from "./layout.ts";

/** What came of the button that was pressed last. `whose` tells one account's answers from another's. */
export function outcomeBox(outcome: Outcome, provider: string, whose: string): Html {
  return html`<div class="outcome ${outcome.kind === "failed" ? "failed" : ""}" role="status" tabindex="-1" data-outcome>
    ${contentOf(outcome, provider, whose)}
  </div>`;
}

function contentOf(outcome: Outcome, provider: string, whose: string): Html {
  switch (outcome.kind) {
    case "called":
      return calledContent(outcome.answer, outcome.as === "user" ? " as the user" : "", whose);
    case "asked":
      return askedContent(outcome.asked, provider);
    case "withdrawn":
      return html`<p>Access was withdrawn at ${provider}. Nothing here knows yet: call the API once the token has expired.</p>`;
    case "failed":
      return html`<p>${outcome.message} <code>${outcome.code}</code></p>`;
  }
}

function calledContent({ status, call, body }: ApiAnswer, as: string, whose: string): Html {
  return html`<p><strong>${status}</strong> <code>${call}</code>${as}</p>
    <pre tabindex="0" role="region" aria-label="Answer of the API: ${whose}"><code>${body}</code></pre>`;
}

function askedContent(asked: AskedAtOnce, provider: string): Html {
  const { callers, tokenRequests, distinctTokens } = asked;
  return html`<ul class="figures">
      <li><strong>${callers}</strong> ${plural(callers, "caller")}</li>
      <li><strong>${tokenRequests}</strong> token ${plural(tokenRequests, "request")}</li>
      <li><strong>${distinctTokens}</strong> distinct ${plural(distinctTokens, "token")}</li>
    </ul>
    <p>${inWords(asked, provider)}</p>`;
}

function inWords({ callers, tokenRequests, leftMs }: AskedAtOnce, provider: string): string {
  const requests = tokenRequests === 1 ? "one request" : `${tokenRequests} requests`;
  if (leftMs === 0) return `${callers} callers asked at the moment the token ran out; ${provider} saw ${requests}.`;
  const life = Number.isFinite(leftMs) ? ` for ${duration(leftMs)}` : "";
  return `${callers} callers asked while the token was still good${life}; ${provider} saw ${requests}.`;
}

function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}
