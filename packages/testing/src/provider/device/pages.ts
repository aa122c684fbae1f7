import { html } from "hono/html";
import { page } from "../page.ts";

/** The form for the code that a device shows (RFC 8628, section 3.3), perhaps with what was wrong with the last one. */
export function userCodePage(provider: string, problem?: string): Response {
  const content = html`
    ${problem === undefined ? "" : html`<p role="alert">${problem}</p>`}
    <form method="get">
      <fieldset>
        <legend>Code</legend>
        <label><input name="user_code" aria-label="The code that your device shows" autocomplete="off" required></label>
      </fieldset>
      <div class="actions"><button class="allow">Continue</button></div>
    </form>`;
  return page(provider, content, problem === undefined ? 200 : 400);
}

/** Says that the user's answer was taken. */
export function devicePage(provider: string, allowed: boolean): Response {
  const outcome = allowed ? "The device has got access." : "The device has got no access.";
  return page(provider, html`<p role="status">${outcome} You can close this page.</p>`, 200);
}
