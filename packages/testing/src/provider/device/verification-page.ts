import { consentPage } from "../consent-page.ts";
import type { IncomingRequest, ProviderContext } from "../context.ts";
import { errorPage } from "../page.ts";
import { createPendingConsents, readDecision } from "../pending-consents.ts";
import type { ScopesBySet } from "../scopes.ts";
import { approveDevice, denyDevice } from "./decide.ts";
import { devicePage, userCodePage } from "./pages.ts";

interface PendingDevice {
  readonly userCode: string;
  readonly requested: ScopesBySet;
}

const gone = "No device waits with this code. It may be wrong or too old, or was answered already.";

/** Serves the page where a user lets a device in (RFC 8628, section 3.3): the code's form, then the consent page. */
export function verificationPage(context: ProviderContext): (request: IncomingRequest) => Response {
  const { connector, accounts, devices, now } = context;
  const pending = createPendingConsents<PendingDevice>();

  const show = (request: IncomingRequest): Response => {
    const typed = request.url.searchParams.get("user_code");
    if (typed === null) return userCodePage(connector.name);
    const device = devices.find(typed, now());
    if (device === undefined) return userCodePage(connector.name, gone);
    const { userCode, requested } = device;
    const { name: provider, clientId } = connector;
    const id = pending.add({ userCode, requested });
    return consentPage({ provider, clientId, id, accounts: accounts.listed, requested, userCode });
  };

  const finish = (request: IncomingRequest): Response => {
    const form = new URLSearchParams(request.body);
    const device = pending.take(form);
    if (device === undefined) return errorPage(connector.name, "This page was answered already or is too old.");
    const decision = readDecision(form, device.requested);
    if (decision === undefined) {
      return denyDevice(context, device.userCode)
        ? devicePage(connector.name, false)
        : userCodePage(connector.name, gone);
    }
    if (accounts.find(decision.accountId) === undefined) return errorPage(connector.name, "There is no such account.");
    return approveDevice(context, device.userCode, decision.accountId, decision.chosen)
      ? devicePage(connector.name, true)
      : userCodePage(connector.name, gone);
  };

  return (request) => {
    if (request.method === "GET") return show(request);
    if (request.method === "POST") return finish(request);
    return new Response(null, { status: 405, headers: { allow: "GET, POST" } });
  };
}
