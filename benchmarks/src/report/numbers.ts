import type { Summary } from "../runner/statistics.ts";

/** Three significant digits, and no exponent. */
export function show(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString("en-US", { maximumSignificantDigits: 3 });
}

export function showRange({ median, min, max }: Summary): string {
  return min === max ? show(median) : `${show(median)} (${show(min)}–${show(max)})`;
}
