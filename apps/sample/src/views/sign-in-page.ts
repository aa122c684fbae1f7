import { html } from "hono/html";
import { users } from "../sessions.ts";
import { type Html, layout } from "./layout.ts";

/** Stands in for an application's own sign-in. */
export function signInPage(): Html {
  const choices = users.map(({ id, name }) => html`<button class="choice" name="user" value="${id}">${name}</button>`);
  return layout(
    "Sign in",
    undefined,
    html`<section class="narrow">
      <h1>Who is there?</h1>
      <p class="lead">Two people use this sample. Each sees only the accounts that they connected themselves.</p>
      <form class="choices" method="post" action="/sign-in">${choices}</form>
      <p class="note">A stand-in for your application’s own sign-in: there is no password.</p>
    </section>`,
  );
}
