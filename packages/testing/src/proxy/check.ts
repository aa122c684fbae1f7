import type { FaultScope, NetworkFault } from "./faults.ts";
import type { FaultProxyOptions, FaultProxyTarget } from "./options.ts";

/** Throws TypeError for what is of another kind than it must be, RangeError for a number out of bounds. */
type Check = (value: unknown, name: string) => void;
type Fields = Readonly<Record<string, Check>>;

/** The longest that setTimeout waits. */
const longestMs = 2_147_483_647;

const milliseconds = number({ from: 0, to: longestMs, of: "milliseconds" });
const port = number({ from: 0, to: 65_535, whole: true });
const direction = oneOf("upstream", "downstream");

const fieldsOfFaults: { readonly [Kind in NetworkFault["kind"]]: Fields } = {
  latency: { delayMs: milliseconds, jitterMs: optional(milliseconds), direction: optional(direction) },
  bandwidth: { bytesPerSecond: bytes(1), direction: optional(direction) },
  slice: {
    bytes: bytes(1),
    jitterBytes: optional(bytes(0)),
    delayMs: milliseconds,
    direction: optional(direction),
  },
  hold: { direction: optional(direction) },
  slowClose: { delayMs: milliseconds, direction: optional(direction) },
  swallow: { closeAfterMs: optional(milliseconds), direction: optional(direction) },
  loseResponse: { resetAfterMs: optional(milliseconds) },
  cut: { direction, afterBytes: bytes(0), by: oneOf("close", "reset") },
  reset: { afterMs: milliseconds },
};

const fieldsOfScope: Fields = {
  connections: optional(oneOf("open", "new")),
  probability: optional(number({ from: 0, to: 1 })),
  atMost: optional(number({ from: 0, to: Number.MAX_SAFE_INTEGER, whole: true })),
  when: optional(callable),
};

export function checkFault(fault: NetworkFault): void {
  object(fault, "The fault");
  if (!Object.hasOwn(fieldsOfFaults, fault.kind)) {
    const kinds = Object.keys(fieldsOfFaults).join(", ");
    throw new TypeError(`The fault's kind must be one of ${kinds}, and is ${shown(fault.kind)}.`);
  }
  const { kind, ...rest } = fault;
  fields(rest, fieldsOfFaults[kind], `${kind}.`);
  if (fault.kind === "slice" && (fault.jitterBytes ?? 0) >= fault.bytes)
    throw new RangeError("slice.jitterBytes must be below slice.bytes, for a piece has at least one byte.");
}

export function checkScope(scope: FaultScope): void {
  object(scope, "The scope of a fault");
  fields(scope, fieldsOfScope, "");
}

export function checkOptions(options: FaultProxyOptions): void {
  object(options, "The options of a fault proxy");
  fields(options, { target: checkTarget, port: optional(port), random: optional(callable) }, "");
}

/** `random`, which throws RangeError where an answer is out of bounds. */
export function checkedRandom(random: () => number): () => number {
  return () => {
    const drawn = random();
    if (drawn >= 0 && drawn < 1) return drawn;
    throw new RangeError(`random must answer numbers of at least 0 and below 1, and answered ${shown(drawn)}.`);
  };
}

function checkTarget(target: unknown): void {
  object(target, "target");
  const { path } = target as Partial<Record<string, unknown>>;
  fields(target as FaultProxyTarget, path === undefined ? { host: text, port: targetPort } : { path: text }, "target.");
}

function targetPort(value: unknown, name: string): void {
  number({ from: 1, to: 65_535, whole: true })(value, name);
}

function fields(values: object, checks: Fields, prefix: string): void {
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(checks, name))
      throw new TypeError(`${prefix}${name} is no option. There are: ${Object.keys(checks).join(", ")}.`);
  }
  for (const [name, check] of Object.entries(checks))
    check((values as Record<string, unknown>)[name], `${prefix}${name}`);
}

function optional(check: Check): Check {
  return (value, name) => {
    if (value !== undefined) check(value, name);
  };
}

function number(bounds: {
  readonly from: number;
  readonly to: number;
  readonly whole?: boolean;
  readonly of?: string;
}): Check {
  const { from, to, whole = false, of } = bounds;
  const what = `a ${whole ? "whole " : ""}number${of === undefined ? "" : ` of ${of}`}`;
  return (value, name) => {
    if (typeof value !== "number") throw new TypeError(`${name} must be ${what}, and is ${shown(value)}.`);
    if (value >= from && value <= to && (!whole || Number.isInteger(value))) return;
    throw new RangeError(`${name} must be ${what} from ${from} to ${to}, and is ${value}.`);
  };
}

function bytes(from: number): Check {
  return number({ from, to: Number.MAX_SAFE_INTEGER, whole: true, of: "bytes" });
}

function oneOf(...values: readonly string[]): Check {
  const choice = values.map((value) => `"${value}"`).join(" or ");
  return (value, name) => {
    if (!values.includes(value as string)) throw new TypeError(`${name} must be ${choice}, and is ${shown(value)}.`);
  };
}

function text(value: unknown, name: string): void {
  if (typeof value !== "string" || value === "")
    throw new TypeError(`${name} must be a text that is not empty, and is ${shown(value)}.`);
}

function callable(value: unknown, name: string): void {
  if (typeof value !== "function") throw new TypeError(`${name} must be a function, and is ${shown(value)}.`);
}

function object(value: unknown, name: string): void {
  if (typeof value !== "object" || value === null)
    throw new TypeError(`${name} must be an object, and is ${shown(value)}.`);
}

function shown(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value)
    : typeof value === "object" && value !== null
      ? "an object"
      : String(value);
}
