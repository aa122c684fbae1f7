import type { ErrorCode, GrantkeeperError, Remedy } from "@grantkeeper/core";
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
      <p>${user === undefined ? "Sign in, then connect the account again." : adviceOn(error, provider ?? "the provider")}${waitOf(error)}</p>
      <p><a class="button" href="/">${user === undefined ? "Sign in" : "Back to your connections"}</a></p>
      <p class="note">Code: <code>${error.code}</code></p>
    </section>`,
  );
}

function adviceOn({ code, remedy }: GrantkeeperError, provider: string): string {
  return adviceByCode(provider)[code] ?? adviceByRemedy[remedy];
}

/** Where the code says more than its remedy. */
function adviceByCode(provider: string): Partial<Record<ErrorCode, string>> {
  return {
    account_mismatch: `Choose the account of this connection at ${provider}. Another one is added by “Add account”.`,
    consent_denied: `Nothing was changed. To connect after all, choose “Allow” at ${provider}.`,
    flow_expired: `Start again from your connections, and answer ${provider} within ten minutes.`,
    not_connected: "See which connections you have: this one may have been disconnected.",
    scope_missing: `Connect the account again, and leave every scope ticked at ${provider}.`,
    state_mismatch: "Start again from your connections, and finish in the same browser.",
  };
}

const adviceByRemedy: Readonly<Record<Remedy, string>> = {
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
