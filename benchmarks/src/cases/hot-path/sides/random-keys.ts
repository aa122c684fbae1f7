const length = 1 << 16;

/** Which of `count` entries is asked for, one after another: the same random order on each side. */
export function indices(count: number): readonly number[] {
  let state = 0x9e3779b9;
  return Array.from({ length }, () => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  });
}
