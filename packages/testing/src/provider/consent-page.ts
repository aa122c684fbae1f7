import type { EmulatedAccount } from "@grantkeeper/core/connector";
import { html, raw } from "hono/html";
import { page } from "./page.ts";
import type { ScopesBySet } from "./scopes.ts";

/** Parameters of an authorization response. */
export type Answer = Readonly<Record<string, string>>;

export interface ConsentPage {
  readonly provider: string;
  readonly clientId: string;
  /** Names the pending consent. */
  readonly id: string;
  readonly accounts: readonly EmulatedAccount[];
  readonly requested: ScopesBySet;
  /** Shown to the user, where a device asks: it must be the one on the device (RFC 8628, section 5.4). */
  readonly userCode?: string;
}

/** The page on which one chooses an account and the scopes to grant. */
export function consentPage({ provider, clientId, id, accounts, requested, userCode }: ConsentPage): Response {
  const sets = Object.entries(requested).filter(([, scopes]) => scopes.length > 0);
  const content = html`
    <p>The application <code>${clientId}</code> asks for access to an account.</p>
    ${
      userCode === undefined
        ? ""
        : html`<p>It runs on a device that shows the code <code>${userCode}</code>. Deny if yours shows another.</p>`
    }
    <form method="post">
      <input type="hidden" name="consent" value="${id}">
      <fieldset>
        <legend>Account</legend>
        ${accounts.map(
          (account, index) => html`<label>
            <input type="radio" name="account" value="${account.id}" required ${index === 0 ? raw("checked") : ""}>
            <img src="/_avatar/${encodeURIComponent(account.id)}" alt="" width="32" height="32">
            <span>${account.name}${account.email === undefined ? "" : html`<small>${account.email}</small>`}</span>
          </label>`,
        )}
      </fieldset>
      ${sets.map(
        ([name, scopes]) => html`<fieldset>
          <legend>${legendOf(name, sets.length)}</legend>
          ${scopes.map(
            (scope) => html`<label>
              <input type="checkbox" name="scope:${name}" value="${scope}" checked>
              <code>${scope}</code>
            </label>`,
          )}
        </fieldset>`,
      )}
      <div class="actions">
        <button name="decision" value="allow" class="allow">Allow</button>
        <button name="decision" value="deny" formnovalidate>Deny</button>
      </div>
    </form>`;
  return page(provider, content, 200);
}

/** The default set has no name that a user would know: it is the application's own where users have theirs, too. */
function legendOf(name: string, sets: number): string {
  if (name !== "default") return `Scopes of the ${name} token`;
  return sets === 1 ? "Scopes" : "Scopes of the application’s token";
}

/** Posts the answer to the client (OAuth 2.0 Form Post Response Mode, section 2). */
export function formPostPage(provider: string, redirectUri: string, answer: Answer): Response {
  const fields = Object.entries(answer).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  const content = html`<form method="post" action="${redirectUri}">
    ${fields}
    <p>Back to the application.</p>
    <div class="actions"><button class="allow">Continue</button></div>
  </form>`;
  return page(provider, content, 200, "document.forms[0].submit()");
}
