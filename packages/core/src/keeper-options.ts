import { GrantkeeperError } from "./errors.ts";
import type { RefreshTimes } from "./keeper-api.ts";
import { isLoopback } from "./provider/server.ts";

/** In milliseconds. A lease must outlast the call that is made under it, and recovery the lease. */
export function checkRefreshTimes({ callTimeout = 10, lease = 30, recoveryWait = 2 * lease }: RefreshTimes = {}): {
  readonly callTimeoutMs: number;
  readonly leaseMs: number;
  readonly recoveryWaitMs: number;
} {
  const times = [callTimeout, lease, recoveryWait];
  const sound = times.every((time) => Number.isFinite(time) && time > 0 && time <= 3_600);
  if (!sound || lease < 1.1 * callTimeout || recoveryWait < lease) {
    throw new GrantkeeperError(
      "invalid_config",
      "refresh holds seconds, an hour at most: lease must be a tenth longer than callTimeout, and recoveryWait at least lease.",
    );
  }
  return { callTimeoutMs: callTimeout * 1000, leaseMs: lease * 1000, recoveryWaitMs: recoveryWait * 1000 };
}

/** In milliseconds. */
export function checkCacheKeysFor(seconds = 300): number {
  if (Number.isFinite(seconds) && seconds >= 0 && seconds <= 86_400) return seconds * 1000;
  throw new GrantkeeperError("invalid_config", "cacheKeysFor holds seconds, a day at most.");
}

export function checkOrigins(origins: readonly string[]): readonly string[] {
  for (const origin of origins) {
    if (URL.parse(origin)?.origin === origin) continue;
    throw new GrantkeeperError(
      "invalid_config",
      "returnToOrigins holds something else than an origin such as https://app.example.com.",
    );
  }
  return origins;
}

/** RFC 9700, section 2.6: https, and http on the loopback interface only. */
export function checkCallbackUrl(value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (
    url !== undefined &&
    secure &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    !/[?#]/.test(value)
  ) {
    return url;
  }
  throw new GrantkeeperError(
    "invalid_config",
    "callbackUrl must be an https URL (http on localhost) without user, query or fragment.",
  );
}
