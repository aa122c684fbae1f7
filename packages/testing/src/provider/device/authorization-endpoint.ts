import { readClientRequest, refusalResponse } from "../client-request.ts";
import { type IncomingRequest, jsonResponse, type ProviderContext } from "../context.ts";
import { requestedScopes } from "../scopes.ts";
import { approveDevice } from "./decide.ts";

/** Where a user lets a device in, under the emulator's origin. */
export const verificationPath = "/device";

/** Answers a device authorization request (RFC 8628, section 3.1). */
export async function answerDeviceAuthorization(context: ProviderContext, request: IncomingRequest): Promise<Response> {
  const { devices, log, now, options, origin } = context;
  const at = now();
  const parameters = await readClientRequest(context, request);
  if ("error" in parameters) {
    log.clientRequest({ at, endpoint: "device_authorization", outcome: parameters.error });
    return refusalResponse(parameters, request);
  }
  const requested = requestedScopes(context, parameters);
  const { deviceCode, userCode, intervalSeconds, lifetimeSeconds } = devices.begin(
    { requested, params: request.params },
    at,
  );
  if (options.signInAs !== undefined) approveDevice(context, userCode, options.signInAs, requested);
  log.clientRequest({ at, endpoint: "device_authorization", outcome: "answered" });
  const verification = new URL(verificationPath, origin);
  const complete = new URL(verification);
  complete.searchParams.set("user_code", userCode);
  return jsonResponse({
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: verification.href,
    verification_uri_complete: complete.href,
    expires_in: lifetimeSeconds,
    interval: intervalSeconds,
  });
}
