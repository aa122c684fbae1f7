import { html } from "hono/html";
import { type ConnectorKey, connectorKeys } from "../connectors.ts";
import type { Provider } from "../providers.ts";
import type { User } from "../sessions.ts";
import { connectionCard, type ShownConnection } from "./connection-card.ts";
import { type Html, layout } from "./layout.ts";
import { mark } from "./marks.ts";

export interface ConnectionsPage {
  readonly user: User;
  readonly providers: Readonly<Record<ConnectorKey, Provider>>;
  readonly connections: readonly ShownConnection[];
  /** Unix milliseconds. */
  readonly now: number;
}

/** All of a user's connections, by provider. */
export function connectionsPage({ user, providers, connections, now }: ConnectionsPage): Html {
  const emulated = connectorKeys.filter((key) => providers[key].emulator !== undefined);
  return layout(
    "Connections",
    user,
    html`<div class="intro">
        <h1>Your connections</h1>
        <p class="lead">Connect an account, and its grant is kept: sealed in the database, refreshed once whoever asks, and
          plain about it when only you can repair it.</p>
        ${emulated.length === 0 ? "" : html`<p class="note">${emulatorNote(emulated.map((key) => providers[key].name))}</p>`}
      </div>
      ${connectorKeys.map((key) => {
        const own = connections.filter(({ status }) => status.connector === key);
        return providerSection(key, providers[key], own, now);
      })}
      <p class="visually-hidden" role="status" data-announcements data-user="${user.id}"></p>`,
  );
}

function providerSection(
  key: ConnectorKey,
  provider: Provider,
  connections: readonly ShownConnection[],
  now: number,
): Html {
  const none = connections.length === 0;
  return html`<section class="provider" aria-labelledby="${key}">
    <header>
      ${mark(key)}
      <div class="provider-name">
        <h2 id="${key}">${provider.name}</h2>
        <p class="quiet-text">${none ? "Not connected" : counted(connections.length)}</p>
      </div>
      <form method="post" action="/connect/${key}">
        <input type="hidden" name="returnTo" value="/">
        <button class="${none ? "primary" : ""}">${none ? "Connect" : "Add account"}<span class="visually-hidden"> ${none ? "" : "at "}${provider.name}</span></button>
      </form>
    </header>
    ${connections.map((connection) => connectionCard({ key, provider, now, ...connection }))}
  </section>`;
}

function counted(connections: number): string {
  return connections === 1 ? "1 account connected" : `${connections} accounts connected`;
}

function emulatorNote(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  const list = names.length === 1 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
  return `${list} ${names.length === 1 ? "is" : "are"} emulated on this machine. Tokens live for a few seconds, so that you see them refreshed.`;
}
