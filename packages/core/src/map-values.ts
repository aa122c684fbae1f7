/**
 * The same names with what `map` makes of their values, without those of which it makes `undefined`. Of a few names, and
 * after a pause, several times as fast as by way of entries.
 */
export function mapValues<From, To>(
  from: Readonly<Record<string, From>>,
  map: (value: From, name: string) => To | undefined,
): Record<string, To> {
  const mapped: Record<string, To> = {};
  for (const name of Object.keys(from)) {
    const value = map(from[name] as From, name);
    if (value !== undefined) set(mapped, name, value);
  }
  return mapped;
}

/** An assignment to this one name would set the prototype, and the value would be lost. */
function set<Value>(target: Record<string, Value>, name: string, value: Value): void {
  if (name !== "__proto__") target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
