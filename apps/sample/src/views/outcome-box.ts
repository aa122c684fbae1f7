import { html } from "hono/html";
import type { ApiAnswer } from "../call-api.ts";
import type { Outcome } from "../outcomes.ts";
import { askedBox } from "./asked-box.ts";
import type { Html } from "./layout.ts";

/** What came of the button that was pressed last. `whose` tells one account's answers from another's. */
export function outcomeBox(outcome: Outcome, provider: string, whose: string): Html {
  return html`<div class="outcome ${isFailure(outcome) ? "failed" : ""}" role="status" tabindex="-1" data-outcome>
    ${contentOf(outcome, provider, whose)}
  </div>`;
}

function isFailure(outcome: Outcome): boolean {
  return outcome.kind === "failed" || (outcome.kind === "asked" && outcome.asked.kind === "lost");
}

function contentOf(outcome: Outcome, provider: string, whose: string): Html {
  switch (outcome.kind) {
    case "called":
      return calledContent(outcome.answer, outcome.as === "user" ? " as the user" : "", whose);
    case "asked":
      return askedBox(outcome.asked, provider);
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
