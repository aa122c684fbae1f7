import type { BandwidthFault, LatencyFault, SliceFault, SlowCloseFault } from "./faults.ts";
import type { Piece } from "./stage.ts";

/** What is next to pass: `size` bytes of data, or an end of size 0. Times in ms of one clock that never goes back. */
export interface Waiting {
  readonly kind: Piece["kind"];
  readonly size: number;
  readonly arrivedAt: number;
}

/** When the last part was due, and when it passed. */
export interface LastPart {
  readonly dueAt: number;
  readonly passedAt: number;
}

/** Says how much of what waits passes next, and when. It decides about times only: the order is not its to change. */
export type Pacing = (waiting: Waiting, last: LastPart) => { readonly size: number; readonly dueAt: number };

const sharesPerSecond = 50;

export function latency({ delayMs, jitterMs = 0 }: LatencyFault, random: () => number): Pacing {
  return ({ size, arrivedAt }) => {
    const jitter = jitterMs === 0 ? 0 : (2 * random() - 1) * jitterMs;
    return { size, dueAt: arrivedAt + Math.max(0, delayMs + jitter) };
  };
}

export function bandwidth({ bytesPerSecond }: BandwidthFault): Pacing {
  const share = Math.max(1, Math.floor(bytesPerSecond / sharesPerSecond));
  return (waiting, last) => {
    const size = Math.min(waiting.size, share);
    return { size, dueAt: Math.max(waiting.arrivedAt, last.dueAt) + (size * 1000) / bytesPerSecond };
  };
}

export function slice({ bytes, jitterBytes = 0, delayMs }: SliceFault, random: () => number): Pacing {
  return (waiting, last) => {
    const jitter = jitterBytes === 0 ? 0 : Math.round((2 * random() - 1) * jitterBytes);
    // After the last one really passed: pieces that are due at once would reach the receiver as one.
    const dueAt = Math.max(waiting.arrivedAt, last.passedAt + delayMs);
    return waiting.kind === "data"
      ? { size: Math.min(waiting.size, bytes + jitter), dueAt }
      : { size: 0, dueAt: waiting.arrivedAt };
  };
}

export function hold(): Pacing {
  return ({ size }) => ({ size, dueAt: Number.POSITIVE_INFINITY });
}

export function slowClose({ delayMs }: SlowCloseFault): Pacing {
  return ({ kind, size, arrivedAt }) => ({
    size,
    dueAt: kind === "end" || kind === "close" ? arrivedAt + delayMs : arrivedAt,
  });
}
