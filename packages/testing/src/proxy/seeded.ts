/** Numbers of at least 0 and below 1, the same ones for the same seed, which is such a number itself (Mulberry32). */
export function seeded(seed: number): () => number {
  let state = Math.floor(seed * 0x1_0000_0000) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
