import { randomBytes } from "node:crypto";
import { html, raw } from "hono/html";

type Html = ReturnType<typeof html>;

/** Says what is wrong with a request, and redirects nowhere. */
export function errorPage(provider: string, message: string): Response {
  return page(provider, html`<p role="alert">${message}</p>`, 400);
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
input:not([type]) { width: 100%; min-height: 2.75rem; padding: 0 .75rem; font: inherit; color: inherit; background: none; border: 1px solid var(--edge); border-radius: 8px; text-transform: uppercase; }
img { border-radius: 50%; flex: none; }
small { display: block; opacity: .75; }
.actions { display: flex; gap: .75rem; }
button { flex: 1; min-height: 2.75rem; font: inherit; font-weight: 600; color: inherit; background: none; border: 1px solid var(--edge); border-radius: 8px; cursor: pointer; }
button.allow { color: light-dark(#fff, #101214); background: var(--accent); border-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

/** A page of the emulator: it runs no script but its own, and may not be framed. */
export function page(provider: string, content: Html, status: number, script?: string): Response {
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
