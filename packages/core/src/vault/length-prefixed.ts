/** Joins parts so that no two lists of parts give the same bytes: each after its length in four bytes. */
export function lengthPrefixed(parts: readonly (string | Uint8Array)[]): Buffer {
  let total = 0;
  for (const part of parts) total += 4 + lengthOf(part);
  const joined = Buffer.allocUnsafe(total);
  let at = 0;
  for (const part of parts) {
    const start = at + 4;
    const length = typeof part === "string" ? joined.write(part, start) : part.byteLength;
    if (typeof part !== "string") joined.set(part, start);
    joined.writeUInt32BE(length, at);
    at = start + length;
  }
  return joined;
}

function lengthOf(part: string | Uint8Array): number {
  return typeof part === "string" ? Buffer.byteLength(part) : part.byteLength;
}
