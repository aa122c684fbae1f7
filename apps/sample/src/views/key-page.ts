import { html } from "hono/html";
import type { DemonstrationKey } from "../demonstration-keys.ts";
import type { Provider } from "../providers.ts";
import type { User } from "../sessions.ts";
import { type Html, layout } from "./layout.ts";

export interface KeyPage {
  readonly user: User;
  readonly provider: Provider;
  /** Where the form goes. */
  readonly action: string;
  /** The connection that gets another key. */
  readonly replaced: { readonly id: string; readonly account: string } | undefined;
  /** Why the last key was not taken. It does not repeat the key. */
  readonly problem: string | undefined;
}

/** The form for an API key. */
export function keyPage({ user, provider, action, replaced, problem }: KeyPage): Html {
  const { name } = provider;
  const title = replaced === undefined ? "Connect with an API key" : `Replace the key of ${replaced.account}`;
  return layout(
    title,
    user,
    html`<section class="narrow">
      <p class="eyebrow">${name}</p>
      <h1>${title}</h1>
      <p class="lead">${name} is asked whose key it is. Then the key is kept sealed, shown to nobody again, and sent to ${name} alone.</p>
      <form class="key-form" method="post" action="${action}">
        ${replaced === undefined ? "" : html`<input type="hidden" name="connectionId" value="${replaced.id}">`}
        <label for="key">API key</label>
        <input id="key" name="apiKey" type="password" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="2048" required
          ${problem === undefined ? "" : html`aria-invalid="true" aria-describedby="key-problem" autofocus`}>
        ${problem === undefined ? "" : html`<p class="reason" role="alert" id="key-problem">${problem}</p>`}
        <div class="actions">
          <button class="primary" data-waiting="Asking ${name} …">${replaced === undefined ? "Connect" : "Replace the key"}</button>
          <a class="button plain" href="/">Back</a>
        </div>
      </form>
      ${provider.demonstrationKeys.length === 0 ? "" : demonstration(name, provider.demonstrationKeys)}
    </section>`,
  );
}

function demonstration(provider: string, keys: readonly DemonstrationKey[]): Html {
  return html`<div class="box">
    <p>${provider} is emulated here and takes these keys, which open nothing else:</p>
    <dl class="keys">
      ${keys.map(({ key, accountName }) => html`<div><dt>${accountName}</dt><dd><code>${key}</code></dd></div>`)}
    </dl>
  </div>`;
}
