import { randomBytes, randomInt } from "node:crypto";
import type { Refusal } from "../../engine/engine.ts";
import { refuse } from "../grants/grant.ts";
import type { ScopesBySet } from "../scopes.ts";
import type { DeviceOptions } from "./options.ts";

/** What a device asks for. */
export interface DeviceRequest {
  readonly requested: ScopesBySet;
  /** Values of the `{name}` places of the endpoint that was called. */
  readonly params: Readonly<Record<string, string>>;
}

/** What a user gave to a device. */
export interface DeviceApproval {
  readonly accountId: string;
  readonly scopes: ScopesBySet;
}

/**
 * Device codes and the judging of polls (RFC 8628), with no HTTP. They are in memory only: a device begins anew after a
 * restart. Times are Unix milliseconds.
 */
export interface DeviceCodes {
  readonly begin: (
    request: DeviceRequest,
    at: number,
  ) => {
    readonly deviceCode: string;
    readonly userCode: string;
    readonly intervalSeconds: number;
    readonly lifetimeSeconds: number;
  };
  /** Judges a poll (section 3.5), and spends the code of a device that was let in. */
  readonly poll: (deviceCode: string, at: number) => (DeviceApproval & Pick<DeviceRequest, "params">) | Refusal;
  /** What is known of a device code, spent ones too: the seconds that must lie between its polls now. */
  readonly describe: (
    deviceCode: string,
  ) => { readonly userCode: string; readonly intervalSeconds: number } | undefined;
  /** What the device asks for that shows this code; `undefined` where none waits for an answer. */
  readonly find: (userCode: string, at: number) => (DeviceRequest & { readonly userCode: string }) | undefined;
  /** Decides about a device that waits; false where none does. Left out, `approval` is a no. */
  readonly decide: (userCode: string, at: number, approval?: DeviceApproval) => boolean;
}

interface Device extends DeviceRequest {
  readonly userCode: string;
  readonly expiresAt: number;
  intervalSeconds: number;
  polledAt?: number;
  answer?: DeviceApproval | "denied" | "spent";
}

/** RFC 8628, section 6.1: consonants alone, so that no word comes out and no letter looks like a digit. */
const letters = "BCDFGHJKLMNPQRSTVWXZ";
const codeLength = 8;
const slowDownSeconds = 5;

export function createDeviceCodes({ intervalSeconds = 5, lifetimeSeconds = 900 }: DeviceOptions = {}): DeviceCodes {
  const devices = new Map<string, Device>();
  const byUserCode = new Map<string, Device>();

  const waiting = (userCode: string, at: number): Device | undefined => {
    const device = byUserCode.get(normalize(userCode));
    return device !== undefined && device.answer === undefined && at < device.expiresAt ? device : undefined;
  };

  return {
    begin: (request, at) => {
      const deviceCode = `emulated-device-${randomBytes(24).toString("base64url")}`;
      const plain = Array.from({ length: codeLength }, () => letters[randomInt(letters.length)]).join("");
      const userCode = `${plain.slice(0, codeLength / 2)}-${plain.slice(codeLength / 2)}`;
      const device = { ...request, userCode, expiresAt: at + lifetimeSeconds * 1000, intervalSeconds };
      devices.set(deviceCode, device);
      byUserCode.set(plain, device);
      return { deviceCode, userCode, intervalSeconds, lifetimeSeconds };
    },
    poll: (deviceCode, at) => {
      const device = devices.get(deviceCode);
      if (device === undefined) return refuse("invalid_grant", "The device code is unknown.");
      const { answer, polledAt } = device;
      device.polledAt = at;
      if (answer === "spent") return { ...refuse("invalid_grant", "The device code was used before."), reuse: true };
      if (at >= device.expiresAt) return refuse("expired_token", "The device code has expired.");
      if (answer === "denied") return refuse("access_denied", "The user said no.");
      if (answer !== undefined) {
        device.answer = "spent";
        return { ...answer, params: device.params };
      }
      // A variant of `authorization_pending`: a device that was let in is not told to wait.
      if (polledAt !== undefined && at < polledAt + device.intervalSeconds * 1000) {
        device.intervalSeconds += slowDownSeconds;
        return refuse("slow_down", `The interval is ${device.intervalSeconds} seconds from now on.`);
      }
      return refuse("authorization_pending", "The user has not answered yet.");
    },
    describe: (deviceCode) => {
      const device = devices.get(deviceCode);
      return device && { userCode: device.userCode, intervalSeconds: device.intervalSeconds };
    },
    find: waiting,
    decide: (userCode, at, approval) => {
      const device = waiting(userCode, at);
      if (device) device.answer = approval ?? "denied";
      return device !== undefined;
    },
  };
}

/** RFC 8628, section 6.1: people type lower-case letters, and leave the dash out. */
function normalize(userCode: string): string {
  return userCode.toUpperCase().replace(/[^A-Z]/g, "");
}
