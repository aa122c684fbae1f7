import type { ConnectionStatus } from "@grantkeeper/core";
import { html } from "hono/html";
import { accountName } from "../account-name.ts";
import { longestWaitMs } from "../at-once/ask-at-once.ts";
import { type ConnectorKey, tokenSetOf } from "../connectors.ts";
import type { StoredRow } from "../database.ts";
import type { Outcome } from "../outcomes.ts";
import type { Provider } from "../providers.ts";
import { duration, tokenLife } from "../token-life.ts";
import type { Html } from "./layout.ts";
import { outcomeBox } from "./outcome-box.ts";
import { rowBox } from "./row-box.ts";

export interface ShownConnection {
  readonly status: ConnectionStatus;
  readonly outcome: Outcome | undefined;
  /** As it lies in the database. */
  readonly row: StoredRow | undefined;
}

export interface ConnectionCard extends ShownConnection {
  readonly key: ConnectorKey;
  readonly provider: Provider;
  /** Unix milliseconds. */
  readonly now: number;
}

type TokenSetStatus = ConnectionStatus["tokenSets"][string];

/** One connection: whose it is, how its tokens are, and what can be done with it. */
export function connectionCard({ key, provider, status, outcome, row, now }: ConnectionCard): Html {
  const { connectionId, account, state, tokenSets } = status;
  const name = accountName(account);
  const whose = `${name} at ${provider.name}`;
  const active = state === "active";
  return html`<article class="connection" id="${connectionId}" data-connection="${connectionId}" data-state="${state}" aria-label="${whose}">
    <div class="account">
      ${avatar(name, account?.avatarUrl, provider)}
      <div class="names">
        <h3>${name}</h3>
        <p class="quiet-text">${account?.email ?? (account?.name === undefined ? "" : account.id)}</p>
      </div>
      <p class="state ${active ? "good" : "bad"}">${active ? "Active" : "Reconnect needed"}</p>
    </div>
    ${endedBox(status, provider)}
    ${
      provider.connectedBy === "apiKey"
        ? keyBox(status, provider, now)
        : Object.entries(tokenSets).map(([set, tokens]) => tokenSetBox(set, tokens, status, provider, now))
    }
    ${provider.connectedBy === "apiKey" ? keyActions(key, status, whose) : actions(key, status, whose)}
    ${outcome === undefined || saysThatItEnded(outcome, status) ? "" : outcomeBox(outcome, provider.name, whose)}
    <div class="more">
      ${row === undefined ? "" : rowBox(row, whose)}
      ${provider.emulator === undefined || provider.connectedBy === "apiKey" || !active ? "" : withdrawBox(key, provider, status, whose)}
      ${disconnectBox(key, provider, status, whose)}
    </div>
  </article>`;
}

function avatar(name: string, url: string | undefined, { avatarOrigin }: Provider): Html {
  if (url !== undefined && URL.canParse(url) && new URL(url).origin === avatarOrigin) {
    return html`<img class="avatar" src="${url}" alt="" width="44" height="44">`;
  }
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.slice(0, 1).toUpperCase());
  return html`<span class="avatar" aria-hidden="true">${initials.join("")}</span>`;
}

/** A key has no life that runs down: it ends when its owner deletes it. */
function keyBox(status: ConnectionStatus, { name }: Provider, now: number): Html {
  const tokens = status.tokenSets["default"];
  if (tokens === undefined) return html``;
  const life = tokenLife(tokens, status, now);
  return html`<div class="token" data-token="default" data-label="${name}: API key" data-obtained="${life.obtainedAt}">
    <p class="token-line"><strong>API key</strong> <span>${tokens.ended === undefined ? `good until it is deleted at ${name}` : life.left}</span> <span class="origin" data-origin>${life.origin}</span></p>
  </div>`;
}

function tokenSetBox(
  name: string,
  tokens: TokenSetStatus,
  status: ConnectionStatus,
  provider: Provider,
  now: number,
): Html {
  const life = tokenLife(tokens, status, now);
  const label = labelOf(name, status);
  return html`<div class="token" data-token="${name}" data-label="${provider.name}: ${label.toLowerCase()}" data-obtained="${life.obtainedAt}">
    <p class="token-line"><strong>${label}</strong> <span data-left>${life.left}</span> <span class="origin" data-origin>${life.origin}</span></p>
    ${life.share === undefined ? "" : html`<progress max="1" value="${life.share.toFixed(3)}" aria-label="${label}: life that is left"></progress>`}
    <ul class="scopes" aria-label="Scopes">
      ${tokens.scopes.granted.map((scope) => html`<li>${breakable(scope)}</li>`)}
      ${tokens.scopes.missing.map((scope) => html`<li class="missing">${breakable(scope)} <em>not granted</em></li>`)}
    </ul>
  </div>`;
}

/** Long scopes are URLs: where there is no room, their last part goes to the next line. */
function breakable(scope: string): Html {
  const end = scope.lastIndexOf("/") + 1;
  return html`${scope.slice(0, end)}<wbr>${scope.slice(end)}`;
}

function labelOf(name: string, { tokenSets }: ConnectionStatus): string {
  if (Object.keys(tokenSets).length === 1) return "Access token";
  return name === "default" ? "Bot token" : "User token";
}

/** Why the connection works no longer; for the two tokens of Slack mostly the same. */
function endedBox({ tokenSets }: ConnectionStatus, { name, connectedBy }: Provider): Html | "" {
  const ended = new Set(Object.values(tokenSets).flatMap(({ ended }) => ended ?? []));
  if (ended.size === 0) return "";
  return html`<p class="reason" role="note" tabindex="-1" data-outcome>
    ${[...ended].map((reason) => reasons(name)[reason])} ${connectedBy === "apiKey" ? "Replace the key" : "Reconnect"} to go on; nothing else helps.
  </p>`;
}

function reasons(provider: string): Readonly<Record<NonNullable<TokenSetStatus["ended"]>, string>> {
  return {
    revoked: `${provider} says that access was withdrawn.`,
    expired: "The grant has run out.",
    rotation_response_lost: `${provider}’s answer with the next refresh token never arrived, and the last one is spent.`,
  };
}

/** An error that the connection's own state says already, and better. */
function saysThatItEnded(outcome: Outcome, { state }: ConnectionStatus): boolean {
  return state !== "active" && outcome.kind === "failed" && outcome.code === "reauthorization_required";
}

function actions(key: ConnectorKey, status: ConnectionStatus, whose: string): Html {
  const path = `/connections/${key}/${status.connectionId}`;
  const sets = Object.entries(status.tokenSets).filter(([, { ended }]) => ended === undefined);
  const hint = `${status.connectionId}-hint`;
  const hidden = html`<span class="visually-hidden">: ${whose}</span>`;
  // The page's script replaces the text before `hidden` while one waits.
  return html`<div class="actions">
    ${sets.map(
      ([set], index) => html`<form method="post" action="${path}/call">
        <input type="hidden" name="as" value="${set}">
        <button class="${index === 0 && status.state === "active" ? "primary" : ""}" data-waiting="Calling …">Call API${sets.length > 1 ? ` as ${set === "default" ? "bot" : "user"}` : ""}${hidden}</button>
      </form>`,
    )}
    ${sets.length === 0 ? "" : html`<form method="post" action="${path}/ask"><button aria-describedby="${hint}" data-waiting="Waiting for the token to run out …">Ask 500 times at once${hidden}</button></form>`}
    <form method="post" action="/connect/${key}">
      <input type="hidden" name="connectionId" value="${status.connectionId}">
      <input type="hidden" name="returnTo" value="/">
      <button class="${status.state === "active" ? "" : "primary"}">Reconnect${hidden}</button>
    </form>
    ${sets.length === 0 ? "" : html`<p class="quiet-text hint" id="${hint}">${askHint(status)}</p>`}
  </div>`;
}

function keyActions(key: ConnectorKey, { connectionId, state }: ConnectionStatus, whose: string): Html {
  const hidden = html`<span class="visually-hidden">: ${whose}</span>`;
  const active = state === "active";
  return html`<div class="actions">
    ${active ? html`<form method="post" action="/connections/${key}/${connectionId}/call"><button class="primary" data-waiting="Calling …">Call API${hidden}</button></form>` : ""}
    <a class="button ${active ? "plain" : ""}" href="/keys/${key}?connection=${connectionId}">Replace key${hidden}</a>
  </div>`;
}

function askHint({ tokenSets }: ConnectionStatus): string {
  const tokens = tokenSets[tokenSetOf(tokenSets)];
  const life = tokens?.expiresAt === undefined ? undefined : tokens.expiresAt.getTime() - tokens.obtainedAt.getTime();
  return life === undefined || life > longestWaitMs
    ? "“Ask 500 times at once” asks from two processes, now."
    : `“Ask 500 times at once” asks from two processes when the token runs out: in ${duration(life)} at most.`;
}

function withdrawBox(key: ConnectorKey, { name }: Provider, { connectionId }: ConnectionStatus, whose: string): Html {
  return html`<details>
    <summary>Play the user’s part at ${name}<span class="visually-hidden">: ${whose}</span></summary>
    <div class="box">
      <p>Withdraw access as people do on ${name}’s own settings page, and see the connection find out.</p>
      <form method="post" action="/connections/${key}/${connectionId}/withdraw"><button>Withdraw access at ${name}</button></form>
    </div>
  </details>`;
}

function disconnectBox(
  key: ConnectorKey,
  { name, connectedBy }: Provider,
  { connectionId }: ConnectionStatus,
  whose: string,
): Html {
  return html`<details>
    <summary>Disconnect<span class="visually-hidden">: ${whose}</span></summary>
    <div class="box">
      <p>${connectedBy === "apiKey" ? `Erases the key here. At ${name} it stays good until you delete it there.` : `Ends access at ${name} and erases the grant here.`}</p>
      <form method="post" action="/connections/${key}/${connectionId}/disconnect"><button class="danger">Disconnect for good</button></form>
    </div>
  </details>`;
}
