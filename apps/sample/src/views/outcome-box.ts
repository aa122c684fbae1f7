import { html } from "hono/html";
import type { AskedAtOnce } from "../ask-at-once.ts";
import type { Outcome } from "../outcomes.ts";
import { duration } from "../token-life.ts";
import type { Html } from "./layout.ts";

/** What came of the button that was pressed last. */
export function outcomeBox(outcome: Outcome): Html {
  switch (outcome.kind) {
    case "called":
      return html`<div class="outcome" role="status">
        <p><strong>${outcome.answer.status}</strong> <code>${outcome.answer.call}</code>${outcome.as === "user" ? " as the user" : ""}</p>
        <pre tabindex="0" aria-label="Answer of the API"><code>${outcome.answer.body}</code></pre>
      </div>`;
    case "asked":
      return askedBox(outcome.asked);
    case "withdrawn":
      return html`<div class="outcome" role="status">
        <p>Access was withdrawn at the provider. Nothing here knows yet: call the API once the token has expired.</p>
      </div>`;
    case "failed":
      return html`<div class="outcome failed" role="status"><p>${outcome.message} <code>${outcome.code}</code></p></div>`;
  }
}

function askedBox({ callers, tokenRequests, distinctTokens, leftMs }: AskedAtOnce): Html {
  return html`<div class="outcome" role="status">
    <ul class="figures">
      <li><strong>${callers}</strong> ${plural(callers, "caller")}</li>
      <li><strong>${tokenRequests}</strong> token ${plural(tokenRequests, "request")}</li>
      <li><strong>${distinctTokens}</strong> distinct ${plural(distinctTokens, "token")}</li>
    </ul>
    ${leftMs === 0 ? "" : html`<p>The token was still good${Number.isFinite(leftMs) ? ` for ${duration(leftMs)}` : ""}, so nobody had to ask for another.</p>`}
  </div>`;
}

function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}
