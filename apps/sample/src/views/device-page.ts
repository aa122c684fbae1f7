import { html } from "hono/html";
import type { ShownDeviceFlow } from "../device-flows.ts";
import type { Provider } from "../providers.ts";
import type { User } from "../sessions.ts";
import { duration } from "../token-life.ts";
import { type Html, layout } from "./layout.ts";

export interface DevicePage {
  readonly user: User;
  readonly shown: ShownDeviceFlow;
  readonly provider: Provider;
  /** Unix milliseconds. */
  readonly now: number;
}

/** The code for another device. Without the script the page looks by itself whether its user has decided. */
export function devicePage({ user, shown, provider, now }: DevicePage): Html {
  const { name, emulator } = provider;
  const { userCode, verificationUri, verificationUriComplete, expiresAt } = shown;
  return layout(
    `Connect ${name} on another device`,
    user,
    html`<section class="narrow" data-device>
      <p class="eyebrow">${name}</p>
      <h1>Connect on another device</h1>
      <p class="lead">On any device, open this address, sign in at ${name}, and enter the code.</p>
      <p class="address"><a href="${verificationUri}" target="_blank" rel="noopener noreferrer">${verificationUri}</a></p>
      <p class="user-code"><code>${userCode}</code></p>
      ${
        verificationUriComplete === undefined
          ? ""
          : html`<p class="actions"><a class="button" href="${verificationUriComplete}" target="_blank" rel="noopener noreferrer">Open with the code filled in</a></p>`
      }
      <p>Once you have decided there, you are taken back to your connections. The code is good for <span data-left>${duration(Math.max(0, expiresAt.getTime() - now))}</span>,
        until <time datetime="${expiresAt.toISOString()}" data-local>${clock(expiresAt)} UTC</time>.</p>
      <div class="actions">
        <form method="post" action="/device/give-up"><button>Give up</button></form>
        <noscript><a class="button plain" href="/device">Look again</a></noscript>
      </div>
      ${emulator === undefined ? "" : html`<p class="note">${name} is emulated here: its page opens on this machine only.</p>`}
    </section>`,
    html`<noscript><meta http-equiv="refresh" content="5"></noscript>`,
  );
}

function clock(date: Date): string {
  return date.toISOString().slice(11, 16);
}
