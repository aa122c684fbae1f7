import { html } from "hono/html";
import type { User } from "../sessions.ts";

/** Markup whose foreign text has been escaped. */
export type Html = ReturnType<typeof html>;

/** The frame around every page. `head` is what a page adds to its own head. */
export function layout(title: string, user: User | undefined, content: Html, head?: Html): Html {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title} · Grantkeeper sample</title>
    <link rel="icon" href="/favicon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/style.css">
    <link rel="stylesheet" href="/connections.css">
    <link rel="stylesheet" href="/connecting.css">
    <script type="module" src="/app.js"></script>
    ${head ?? ""}
  </head>
  <body>
    <header class="top">
      <a class="brand" href="/"><img src="/favicon.svg" alt="" width="24" height="24"> Grantkeeper <span>sample</span></a>
      ${user === undefined ? "" : signedInAs(user)}
    </header>
    <main>${content}</main>
  </body>
</html>`;
}

function signedInAs({ name }: User): Html {
  return html`<form class="who" method="post" action="/sign-in">
    <span>Signed in as <strong>${name}</strong></span>
    <button class="quiet" name="user" value="">Sign out</button>
  </form>`;
}
