const remembered = 10_000;

/** Remembers the hashes of the owners that were asked for last: each opening of a row compares one. */
export function createOwnerHashes(hash: (owner: string) => string): (owner: string) => string {
  const known = new Map<string, string>();
  return (owner) => {
    const found = known.get(owner);
    if (found !== undefined) return found;
    const made = hash(owner);
    known.set(owner, made);
    const [oldest] = known.keys();
    if (known.size > remembered && oldest !== undefined) known.delete(oldest);
    return made;
  };
}
