import type { GrantkeeperError, Remedy } from "@grantkeeper/core";
import { html } from "hono/html";
import type { User } from "../sessions.ts";
import { type Html, layout } from "./layout.ts";

export interface ErrorPage {
  readonly error: GrantkeeperError;
  readonly user: User | undefined;
  /** The provider that it is about, by its name for people. */
  readonly provider: string | undefined;
}

/** Says what happened and what to do about it. An error's message holds no secret. */
export function errorPage({ error, user, provider }: ErrorPage): Html {
  const title = titleOf(error);
  return layout(
    title,
    user,
    html`<section class="narrow">
      ${provider === undefined ? "" : html`<p class="eyebrow">${provider}</p>`}
      <h1>${title}</h1>
      <p class="lead">${error.message}</p>
      <h2>What to do</h2>
      <p>${user === undefined ? "Sign in, then connect the account again." : advice[error.remedy]}${waitOf(error)}</p>
      <p><a class="button" href="/">${user === undefined ? "Sign in" : "Back to your connections"}</a></p>
      <p class="note">Code: <code>${error.code}</code></p>
    </section>`,
  );
}

const advice: Readonly<Record<Remedy, string>> = {
  reconnect: "Connect the account again whenever you like.",
  restart: "Start again from your connections.",
  retry: "Try again in a moment. Nothing was lost.",
  fix_input: "Go back and choose again.",
  fix_config: "There is nothing that you can do here: tell whoever runs this application.",
  report: "Nothing was deleted. Tell whoever runs this application, and quote the code below.",
  none: "Go back and try again.",
};

function titleOf({ code, remedy }: GrantkeeperError): string {
  switch (code) {
    case "not_connected":
      return "Nothing to be found here";
    case "consent_denied":
      return "You did not allow access";
    case "account_mismatch":
      return "That was another account";
    case "not_permitted":
      return "Not allowed";
    case "flow_expired":
      return "That took too long";
    case "state_mismatch":
      return "This sign-in does not belong here";
  }
  return remedy === "retry" ? "Not reachable just now" : "That did not work";
}

function waitOf({ retryAt }: GrantkeeperError): string {
  if (retryAt === undefined) return "";
  const seconds = Math.max(1, Math.ceil((retryAt.getTime() - Date.now()) / 1000));
  return ` It is worth another try in ${seconds} s.`;
}
