import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "../test/errors.ts";
import { createAddressCheck, isOneOf } from "./addresses.ts";

const mayConnect = createAddressCheck();

/** Blocks that are refused, and for each its first and last address. */
const blocks4: readonly (readonly [first: string, last: string])[] = [
  ["0.0.0.0", "0.255.255.255"],
  ["10.0.0.0", "10.255.255.255"],
  ["100.64.0.0", "100.127.255.255"],
  ["127.0.0.0", "127.255.255.255"],
  ["169.254.0.0", "169.254.255.255"],
  ["172.16.0.0", "172.31.255.255"],
  ["192.0.0.0", "192.0.0.255"],
  ["192.0.2.0", "192.0.2.255"],
  ["192.88.99.0", "192.88.99.255"],
  ["192.168.0.0", "192.168.255.255"],
  ["198.18.0.0", "198.19.255.255"],
  ["198.51.100.0", "198.51.100.255"],
  ["203.0.113.0", "203.0.113.255"],
  ["224.0.0.0", "239.255.255.255"],
  ["240.0.0.0", "255.255.255.255"],
];

const blocks6: readonly (readonly [first: string, prefix: number])[] = [
  ["::", 96], // unspecified, loopback, IPv4-compatible
  ["::ffff:0:0", 96], // IPv4-mapped
  ["::ffff:0:0:0", 96], // IPv4-translated
  ["64:ff9b::", 96], // NAT64
  ["64:ff9b:1::", 48], // NAT64 of a network's own
  ["100::", 64], // discard-only
  ["2001::", 32], // Teredo
  ["2001:2::", 48], // benchmarks
  ["2001:10::", 28], // ORCHID
  ["2001:20::", 28], // ORCHID, version 2
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4
  ["3fff::", 20], // documentation
  ["5f00::", 16], // segment routing
  ["fc00::", 7], // unique local
  ["fe80::", 10], // link-local
  ["fec0::", 10], // site-local
  ["ff00::", 8], // multicast
];

describe("what is public", () => {
  test.each(["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"])(
    "R24 takes %s",
    (address) => expect(mayConnect(address)).toBe(true),
  );

  test.each(["128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255"])(
    "R24 takes %s",
    (address) => expect(mayConnect(address)).toBe(true),
  );

  test.each([
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
  ])("R24 takes %s", (address) => expect(mayConnect(address)).toBe(true));

  test.each(["2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "2001:4860:4860::8888", "2003::1", "3ffe::1"])(
    "R24 takes %s",
    (address) => expect(mayConnect(address)).toBe(true),
  );
});

describe("what is not", () => {
  const refused: readonly string[] = [
    ...blocks4.flat(),
    ...blocks6.map(([first]) => first),
    ...["127.0.0.1", "::1", "255.255.255.255", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::"],
    ...["169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"],
    ...["::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "fe80::1%eth0", "2606:4700:4700::1111%1", "febf::1", "feff::1"],
  ];

  test.each(refused)("R24 refuses %s", (address) => {
    expect(mayConnect(address)).toBe(false);
  });

  test.each([
    "",
    "localhost",
    "8.8.8",
    "8.8.8.8 ",
    "8.8.8.8:443",
    "[2606:4700::1]",
    "010.0.0.1",
    "0x8080808",
    "8.8.8.8\0",
  ])("R24 refuses %j, which is no address", (address) => expect(mayConnect(address)).toBe(false));

  test.each(blocks4)("R24 refuses whatever lies between %s and %s", (first, last) => {
    fc.assert(
      fc.property(fc.integer({ min: toNumber(first), max: toNumber(last) }), (number) => {
        expect(mayConnect(toAddress4(number))).toBe(false);
      }),
    );
  });

  test.each(blocks6)("R24 refuses whatever lies in %s/%d", (first, prefix) => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << BigInt(128 - prefix)) - 1n }), (rest) => {
        const address = toAddress6(toBigInt(first) + rest);
        expect(mayConnect(address)).toBe(false);
        expect(mayConnect(address.toUpperCase())).toBe(false);
      }),
    );
  });

  test("R24 an address of IPv4 inside one of IPv6 is refused in every form, public or not", () => {
    const embed: readonly ((hex: string, dotted: string) => string)[] = [
      (_, dotted) => `::ffff:${dotted}`,
      (hex) => `::ffff:${hex}`,
      (hex) => `0:0:0:0:0:ffff:${hex}`,
      (_, dotted) => `::${dotted}`,
      (_, dotted) => `64:ff9b::${dotted}`,
      (hex) => `64:ff9b:1::${hex}`,
      (hex) => `2002:${hex}::1`,
      (hex) => `2001:0:${hex}::1`,
    ];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(...embed), (number, form) => {
        const hex = `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
        expect(mayConnect(form(hex, toAddress4(number)))).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test("R24 one address has one judgement, however it is written", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (number) => {
        const full = toAddress6(number);
        // As a URL writes it: short.
        const short = new URL(`https://[${full}]/`).hostname.slice(1, -1);
        expect(mayConnect(short)).toBe(mayConnect(full));
        expect(isOneOf([short], full)).toBe(true);
        expect(isOneOf([full], toAddress6(number ^ 1n))).toBe(false);
      }),
    );
  });
});

describe("allowPrivateNetworks", () => {
  test("R24 allows what it names, and nothing beside it", () => {
    const own = createAddressCheck(["10.20.0.0/16", "fd12:3456::/32", "127.0.0.1/32"]);
    for (const address of ["10.20.0.1", "10.20.255.255", "fd12:3456::1", "127.0.0.1"]) expect(own(address)).toBe(true);
    for (const address of ["10.21.0.1", "10.19.255.255", "fd12:3457::1", "127.0.0.2"]) expect(own(address)).toBe(false);
    for (const address of ["::ffff:10.20.0.1", "::ffff:127.0.0.1", "fd12:3456::1%1"]) expect(own(address)).toBe(false);
    expect(own("8.8.8.8")).toBe(true);
  });

  test.each(["100.100.100.200", "fd00:ec2::254", "fd20:ce::254"])(
    "R24 never allows %s, where a cloud tells a machine its credentials",
    (address) => {
      const own = createAddressCheck(["100.64.0.0/10", "fc00::/7"]);
      expect(own("100.64.0.1")).toBe(true);
      expect(own("fd00::1")).toBe(true);
      expect(own(address)).toBe(false);
    },
  );

  test.each([
    "0.0.0.0/0",
    "::/0",
    "0.0.0.0/8",
    "10.0.0.0/7",
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/8 ",
    "10.0.0.0/-1",
    "10.0.0.0/08.0",
    "fd00::/129",
    "8.8.8.0/24",
    "169.254.0.0/16",
    "169.254.169.254/32",
    "168.63.129.16/32",
    "224.0.0.0/4",
    "fe80::/10",
    "ff00::/8",
    "::ffff:10.0.0.0/104",
    "64:ff9b::/96",
    "2000::/3",
    "localhost",
    "",
  ])("R24 refuses %j, which is no private network", async (network) => {
    expect(await codeOf(() => createAddressCheck([network]))).toBe("invalid_config");
  });
});

function toNumber(address: string): number {
  return address.split(".").reduce((number, byte) => number * 256 + Number(byte), 0);
}

function toAddress4(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join(".");
}

function toBigInt(address: string): bigint {
  const [head = "", tail = ""] = address.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === "" ? [] : tail.split(":");
  const groups = [...front, ...Array<string>(8 - front.length - back.length).fill("0"), ...back];
  return groups.reduce((number, group) => (number << 16n) + BigInt(`0x${group}`), 0n);
}

function toAddress6(number: bigint): string {
  return Array.from({ length: 8 }, (_, index) => ((number >> BigInt(112 - 16 * index)) & 0xffffn).toString(16)).join(
    ":",
  );
}
