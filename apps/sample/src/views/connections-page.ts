import { html } from "hono/html";
import { type ConnectorKey, connectorKeys } from "../connectors.ts";
import type { Notice } from "../notices.ts";
import type { Provider } from "../providers.ts";
import type { User } from "../sessions.ts";
import { connectionCard, type ShownConnection } from "./connection-card.ts";
import { type Html, layout } from "./layout.ts";
import { mark } from "./marks.ts";
import { noticeBox } from "./notice-box.ts";

export interface ConnectionsPage {
  readonly user: User;
  readonly providers: Readonly<Record<ConnectorKey, Provider>>;
  readonly connections: readonly ShownConnection[];
  /** What is to be said once. */
  readonly notice: Notice | undefined;
  /** How long an emulated provider's access tokens live. */
  readonly tokenLifetimeSeconds: number;
  /** Unix milliseconds. */
  readonly now: number;
}

/** All of a user's connections, by provider. */
export function connectionsPage(page: ConnectionsPage): Html {
  const { user, providers, connections, notice, tokenLifetimeSeconds, now } = page;
  const names = connectorKeys.map((key) => providers[key]).flatMap(({ name, emulator }) => (emulator ? name : []));
  return layout(
    "Connections",
    user,
    html`<div class="intro">
        <h1>Your connections</h1>
        <p class="lead">Connect an account, and its grant is kept: sealed in the database, refreshed once however many
          ask; when only you can repair it, it says so.</p>
        ${names.length === 0 ? "" : html`<p class="note">${emulatorNote(names, tokenLifetimeSeconds)}</p>`}
      </div>
      ${connectorKeys.map((key) => {
        const own = connections.filter(({ status }) => status.connector === key);
        return providerSection(key, providers[key], own, notice?.connector === key ? notice : undefined, now);
      })}
      <p class="visually-hidden" role="status" data-announcements data-user="${user.id}"></p>`,
  );
}

function providerSection(
  key: ConnectorKey,
  provider: Provider,
  connections: readonly ShownConnection[],
  notice: Notice | undefined,
  now: number,
): Html {
  const none = connections.length === 0;
  return html`<section class="provider" id="${key}" aria-labelledby="${key}-name">
    <header>
      ${mark(key)}
      <div class="provider-name">
        <h2 id="${key}-name">${provider.name}</h2>
        <p class="quiet-text">${none ? "Not connected" : counted(connections.length)}</p>
      </div>
      ${provider.connectedBy === "apiKey" ? keyLink(key, provider.name, none) : consentButtons(key, provider, none)}
    </header>
    ${notice === undefined ? "" : noticeBox(notice, provider)}
    ${connections.map((connection) => connectionCard({ key, provider, now, ...connection }))}
  </section>`;
}

function consentButtons(key: ConnectorKey, { name, onOtherDevice }: Provider, none: boolean): Html {
  return html`<div class="ways">
    ${
      onOtherDevice
        ? html`<form method="post" action="/device/start/${key}"><button>Connect on another device<span class="visually-hidden"> at ${name}</span></button></form>`
        : ""
    }
    <form method="post" action="/connect/${key}">
      <input type="hidden" name="returnTo" value="/">
      <button class="${none ? "primary" : ""}">${none ? "Connect" : "Add account"}<span class="visually-hidden"> ${none ? "" : "at "}${name}</span></button>
    </form>
  </div>`;
}

function keyLink(key: ConnectorKey, name: string, none: boolean): Html {
  return html`<a class="button ${none ? "" : "plain"}" href="/keys/${key}">Connect with an API key<span class="visually-hidden"> at ${name}</span></a>`;
}

function counted(connections: number): string {
  return connections === 1 ? "1 account connected" : `${connections} accounts connected`;
}

function emulatorNote(names: readonly string[], tokenLifetimeSeconds: number): string {
  const last = names.at(-1) ?? "";
  const list = names.length === 1 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
  const life = tokenLifetimeSeconds === 1 ? "1 second" : `${tokenLifetimeSeconds} seconds`;
  return `${list} ${names.length === 1 ? "is" : "are"} emulated on this machine. Tokens live for ${life} here, so that you see them refreshed.`;
}
