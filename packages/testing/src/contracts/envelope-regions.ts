import assert from "node:assert/strict";

/** A part of an envelope of docs/envelope.md: bytes from `start` to before `end`. */
export interface Region {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export const tagLength = 16;

/** The parts of form 2, in which a grant is sealed under the data key of its row. */
export function regionsOfGrant(sealed: Uint8Array): readonly Region[] {
  assert.equal(sealed[3], 2, "a grant is sealed in form 2");
  return [...begin, ...sealedPart(sealed, 4)];
}

/** The parts of form 1, in which data keys, flows and records are sealed under a key-encryption key. */
export function regionsOfValue(sealed: Uint8Array): readonly Region[] {
  assert.equal(sealed[3], 1, "a value is sealed in form 1");
  const keyIdEnd = 5 + (sealed[4] ?? 0);
  return [
    ...begin,
    { name: "length of the key id", start: 4, end: 5 },
    { name: "key id", start: 5, end: keyIdEnd },
    { name: "version of the key", start: keyIdEnd, end: keyIdEnd + 4 },
    ...sealedPart(sealed, keyIdEnd + 4),
  ];
}

/** Copies in each of which one bit of a region is another: of its first byte, its last one, and one between. */
export function flipsOf(bytes: Uint8Array, { start, end }: Region): readonly Uint8Array[] {
  const places = new Set([start, (start + end) >> 1, end - 1]);
  return [...places].map((place, index) => {
    const copy = Uint8Array.from(bytes);
    copy[place] = (copy[place] ?? 0) ^ (0x81 >> (index * 3));
    return copy;
  });
}

const begin: readonly Region[] = [
  { name: "magic", start: 0, end: 2 },
  { name: "format", start: 2, end: 3 },
  { name: "form", start: 3, end: 4 },
];

function sealedPart({ length }: Uint8Array, start: number): readonly Region[] {
  return [
    { name: "IV", start, end: start + 12 },
    { name: "commitment", start: start + 12, end: start + 44 },
    { name: "ciphertext", start: start + 44, end: length - tagLength },
    { name: "tag", start: length - tagLength, end: length },
  ];
}
