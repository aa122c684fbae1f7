const length = 1 << 16;

/** The ids that are asked for, in a random order that is the same on each side. As of a request: no string that a Map holds. */
export function requested(count: number, ids: readonly string[]): readonly string[] {
  return indices(count).map((index) => Buffer.from(ids[index] ?? "").toString());
}

/** Which of `count` entries is asked for, one after another: the same random order on each side. */
function indices(count: number): readonly number[] {
  let state = 0x9e3779b9;
  return Array.from({ length }, () => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  });
}
