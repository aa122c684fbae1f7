import type { ConnectionStatus } from "@grantkeeper/core";
import { html } from "hono/html";
import type { ConnectorKey } from "../connectors.ts";
import type { Outcome } from "../outcomes.ts";
import type { Provider } from "../providers.ts";
import { tokenLife } from "../token-life.ts";
import type { Html } from "./layout.ts";
import { outcomeBox } from "./outcome-box.ts";
import { rowBox } from "./row-box.ts";

export interface ShownConnection {
  readonly status: ConnectionStatus;
  readonly outcome: Outcome | undefined;
  /** As it lies in the database. */
  readonly row: string | undefined;
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
  const name = account?.name ?? account?.id ?? "Account without a name";
  const active = state === "active";
  return html`<article class="connection" id="${connectionId}" data-connection="${connectionId}" data-state="${state}" aria-label="${name} at ${provider.name}">
    <div class="account">
      ${avatar(name, account?.avatarUrl, provider)}
      <div class="names">
        <h3>${name}</h3>
        <p class="quiet-text">${account?.email ?? account?.id ?? ""}</p>
      </div>
      <p class="state ${active ? "good" : "bad"}">${active ? "Active" : "Reconnect needed"}</p>
    </div>
    ${Object.entries(tokenSets).map(([set, tokens]) => tokenSetBox(set, tokens, status, provider, now))}
    ${actions(key, provider, status, name)}
    ${outcome === undefined ? "" : outcomeBox(outcome)}
    <div class="more">
      ${row === undefined ? "" : rowBox(row)}
      ${disconnectBox(key, provider, status)}
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
    ${tokens.ended === undefined ? "" : html`<p class="reason" role="note">${reasons[tokens.ended]} Reconnect to go on; nothing else helps.</p>`}
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

const reasons: Readonly<Record<NonNullable<TokenSetStatus["ended"]>, string>> = {
  revoked: "The provider says that access was withdrawn.",
  expired: "The grant has run out.",
  rotation_response_lost: "The provider’s answer with the next refresh token never arrived, and the last one is spent.",
};

function actions(key: ConnectorKey, provider: Provider, status: ConnectionStatus, name: string): Html {
  const path = `/connections/${key}/${status.connectionId}`;
  const sets = Object.entries(status.tokenSets).filter(([, { ended }]) => ended === undefined);
  const whose = html`<span class="visually-hidden">: ${name} at ${provider.name}</span>`;
  return html`<div class="actions">
    ${sets.map(
      ([set]) => html`<form method="post" action="${path}/call">
        <input type="hidden" name="as" value="${set}">
        <button data-waiting="Calling …">Call API${sets.length > 1 ? ` as ${set === "default" ? "bot" : "user"}` : ""}${whose}</button>
      </form>`,
    )}
    ${sets.length === 0 ? "" : html`<form method="post" action="${path}/ask"><button data-waiting="Waiting for it to expire …">Ask 500 times at once${whose}</button></form>`}
    <form method="post" action="/connect/${key}">
      <input type="hidden" name="connectionId" value="${status.connectionId}">
      <input type="hidden" name="returnTo" value="/">
      <button class="${status.state === "active" ? "" : "primary"}">Reconnect${whose}</button>
    </form>
  </div>`;
}

function disconnectBox(key: ConnectorKey, { name, emulator }: Provider, status: ConnectionStatus): Html {
  const path = `/connections/${key}/${status.connectionId}`;
  return html`<details>
    <summary>Disconnect</summary>
    <div class="box">
      <p>Ends access at ${name} and erases the grant here.</p>
      <form method="post" action="${path}/disconnect"><button class="danger">Disconnect for good</button></form>
      ${
        emulator === undefined || status.state !== "active"
          ? ""
          : html`<p>Or do what people do on ${name}’s own settings page, and see the connection find out.</p>
            <form method="post" action="${path}/withdraw"><button>Withdraw at ${name} only</button></form>`
      }
    </div>
  </details>`;
}
