export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return { median: rounded((low + high) / 2), min: rounded(sorted[0]), max: rounded(sorted.at(-1)) };
}

/** To four significant digits: what is beyond them is noise. */
export function rounded(value: number | undefined): number {
  return value === undefined ? Number.NaN : Number(value.toPrecision(4));
}
