/** Joins parts so that no two lists of parts give the same bytes: each after its length in four bytes. */
export function lengthPrefixed(parts: readonly (string | Uint8Array)[]): Buffer {
  const lengths = parts.map((part) => (typeof part === "string" ? Buffer.byteLength(part) : part.byteLength));
  const joined = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 0));
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const length = lengths[index] ?? 0;
    at = joined.writeUInt32BE(length, at);
    if (typeof part === "string") joined.write(part, at);
    else joined.set(part, at);
    at += length;
  }
  return joined;
}
