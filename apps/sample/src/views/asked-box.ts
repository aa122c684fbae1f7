import { html } from "hono/html";
import type { AllAnswered, AskedAtOnce, CountedRefreshes, SecondLost } from "../at-once/ask-at-once.ts";
import { duration } from "../token-life.ts";
import type { Html } from "./layout.ts";

/** What came of asking many times at once, in two processes. */
export function askedBox(asked: AskedAtOnce, provider: string): Html {
  return asked.kind === "answered" ? answeredContent(asked, provider) : lostContent(asked);
}

function answeredContent(asked: AllAnswered, provider: string): Html {
  const { shares, refreshes, distinctTokens } = asked;
  const callers = shares.reduce((sum, share) => sum + share.callers, 0);
  const requests = refreshes.by === "provider" ? "token request" : "refresh";
  return html`<ul class="figures">
      ${figure(callers, "caller")}
      ${figure(shares.length, "process")}
      ${figure(refreshes.count, requests)}
      ${figure(distinctTokens, "distinct token")}
    </ul>
    <p>${inWords(asked, provider)}</p>`;
}

/** Nothing is counted where half of those who asked are unknown. */
function lostContent({ why, here }: SecondLost): Html {
  if (here === undefined)
    return html`<p>${why} Nobody has asked for the token yet. Ask again: that starts another one.</p>`;
  if ("code" in here) {
    return html`<p>${why} The callers in this process got no token: ${here.message} <code>${here.code}</code></p>`;
  }
  return html`<p>${why} What its callers got is not known. The ${here.callers} callers in this process (${here.pid}) got
    their token.</p>`;
}

function inWords({ shares, refreshes, leftMs }: AllAnswered, provider: string): string {
  const [here, there] = shares;
  return `${here.callers} callers in process ${here.pid} and ${there.callers} in process ${there.pid} asked ${momentOf(leftMs)}; ${witness(refreshes, provider)}.`;
}

function momentOf(leftMs: number): string {
  if (leftMs === 0) return "at the moment the token ran out";
  return `while the token was still good${Number.isFinite(leftMs) ? ` for ${duration(leftMs)}` : ""}`;
}

function witness({ count, by }: CountedRefreshes, provider: string): string {
  const quantity = count === 0 ? "no" : count === 1 ? "one" : String(count);
  return by === "provider"
    ? `${provider} saw ${quantity} ${plural(count, "request")}`
    : `their two keepers report ${quantity} ${plural(count, "refresh")}`;
}

function figure(count: number, noun: string): Html {
  return html`<li><strong>${count}</strong> ${plural(count, noun)}</li>`;
}

function plural(count: number, noun: string): string {
  if (count === 1) return noun;
  return /(s|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}
