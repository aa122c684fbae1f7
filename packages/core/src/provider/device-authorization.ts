import * as openid from "openid-client";
import type { Connector } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import { type Secret, secretOf } from "../secret.ts";
import { configure } from "./configuration.ts";
import { toResponse } from "./discovery.ts";
import { endpointError } from "./errors.ts";
import type { Transfer } from "./http.ts";
import type { Server } from "./server.ts";
import type { Transport } from "./transport.ts";

/** What a device shows to its user, and polls with (RFC 8628, section 3.2). */
export interface DeviceAuthorization {
  readonly deviceCode: Secret;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete: string | undefined;
  readonly expiresInSeconds: number;
  readonly intervalSeconds: number;
}

const longestLifeSeconds = 24 * 60 * 60;

/** Begins a device flow. */
export function createDeviceAuthorization(
  transport: Transport,
  now: () => number,
): (connector: Connector, server: Server, scopes: readonly string[]) => Promise<DeviceAuthorization> {
  return async (connector, target, scopes) => {
    if (target.deviceAuthorizationEndpoint === undefined) {
      throw new GrantkeeperError("invalid_request", "This connector has no device flow.");
    }
    const configuration = configure(connector, target, target.tokenEndpoint, now);
    let sent: Transfer | undefined;
    configuration[openid.customFetch] = async (url, init) => {
      sent = await transport(url, init as RequestInit);
      return toResponse(sent);
    };
    try {
      const parameters = {
        ...(scopes.length === 0 ? {} : { scope: scopes.join(connector.scopeSeparator) }),
        ...(connector.resource === undefined ? {} : { resource: connector.resource }),
      };
      return read(connector, await openid.initiateDeviceAuthorization(configuration, parameters));
    } catch (error) {
      throw endpointError("The device flow could not be started", sent, error, now());
    }
  };
}

function read(connector: Connector, answer: openid.DeviceAuthorizationResponse): DeviceAuthorization {
  const { device_code, user_code, expires_in, interval } = answer;
  const complete = answer.verification_uri_complete;
  return {
    deviceCode: secretOf(device_code),
    userCode: shown(user_code),
    verificationUri: linkOf(connector, answer.verification_uri),
    verificationUriComplete: complete === undefined ? undefined : linkOf(connector, complete),
    expiresInSeconds: Math.min(expires_in, longestLifeSeconds),
    intervalSeconds: Math.min(interval ?? 5, expires_in),
  };
}

/** It is shown to a person: one short line. */
function shown(userCode: string): string {
  if (userCode.length <= 64 && !/\p{C}/u.test(userCode)) return userCode;
  throw new TypeError("the user code is not fit to be shown");
}

/** A person is sent there: nothing but a page. */
function linkOf(connector: Connector, text: string): string {
  const url = URL.parse(text);
  const isPage = url?.protocol === "https:" || (url?.protocol === "http:" && connector.loopback === true);
  if (isPage && url.username === "" && url.password === "") return url.href;
  throw new TypeError("the verification URI is not that of a page");
}
