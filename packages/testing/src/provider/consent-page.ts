import { randomBytes } from "node:crypto";
import type { EmulatedAccount } from "@grantkeeper/core/connector";
import { html, raw } from "hono/html";

/** Scopes asked for, by token set. */
export type RequestedScopes = Readonly<Record<string, readonly string[]>>;

/** Parameters of an authorization response. */
export type Answer = Readonly<Record<string, string>>;

type Html = ReturnType<typeof html>;

export interface ConsentPage {
  readonly provider: string;
  readonly clientId: string;
  /** Names the pending consent. */
  readonly id: string;
  readonly accounts: readonly EmulatedAccount[];
  readonly requested: RequestedScopes;
}

/** The page on which one chooses an account and the scopes to grant. */
export function consentPage({ provider, clientId, id, accounts, requested }: ConsentPage): Response {
  const sets = Object.entries(requested).filter(([, scopes]) => scopes.length > 0);
  const content = html`
    <p>The application <code>${clientId}</code> asks for access to an account.</p>
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

/** Says what is wrong with an authorization request, and redirects nowhere. */
export function errorPage(provider: string, message: string): Response {
  return page(provider, html`<p role="alert">${message}</p>`, 400);
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

const style = `
:root { color-scheme: light dark; --line: light-dark(#d0d4da, #3b4048); --edge: light-dark(#7b828c, #7a818c); --accent: light-dark(#1a5fb4, #78aeed); }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; background: light-dark(#f6f7f9, #15171a); color: light-dark(#1b1e23, #e8eaed); }
main { max-width: 26rem; margin: 2rem auto; padding: 1.5rem; background: light-dark(#fff, #1e2125); border: 1px solid var(--line); border-radius: 12px; overflow-wrap: anywhere; }
h1 { margin: 0 0 .5rem; font-size: 1.25rem; }
.note { margin: 0 0 1rem; padding: .5rem .75rem; border-radius: 8px; background: light-dark(#fff4d6, #3d3212); font-size: .875rem; }
fieldset { margin: 0 0 1rem; padding: .25rem .75rem .5rem; border: 1px solid var(--line); border-radius: 8px; }
legend { padding: 0 .25rem; font-weight: 600; font-size: .875rem; }
label { display: flex; gap: .75rem; align-items: center; min-height: 2.5rem; cursor: pointer; }
img { border-radius: 50%; flex: none; }
small { display: block; opacity: .75; }
.actions { display: flex; gap: .75rem; }
button { flex: 1; min-height: 2.75rem; font: inherit; font-weight: 600; color: inherit; background: none; border: 1px solid var(--edge); border-radius: 8px; cursor: pointer; }
button.allow { color: light-dark(#fff, #101214); background: var(--accent); border-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

function page(provider: string, content: Html, status: number, script?: string): Response {
  const nonce = randomBytes(16).toString("base64");
  const title = `${provider} (emulated)`;
  const body = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${raw(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="note">This is a local emulator, not ${provider}: no real account is touched.</p>
${content}
</main>
${script === undefined ? "" : html`<script nonce="${nonce}">${raw(script)}</script>`}
</body>
</html>`;
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    // The empty icon is an image, too.
    "img-src 'self' data:",
    script === undefined ? "" : `script-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return new Response(`${body}`, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": policy.filter(Boolean).join("; "),
    },
  });
}
