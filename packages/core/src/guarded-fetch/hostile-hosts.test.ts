import { describe, expect, test } from "vitest";
import { codeOf } from "../test/errors.ts";
import { guardedFetch } from "./guarded-fetch.ts";

/** What an attacker's DNS says, by name; of every other name, that it is this machine. */
const attackersDns: Readonly<Record<string, readonly string[]>> = {
  "mixed.evil.com": ["93.184.215.14", "10.0.0.1"],
  "mixed6.evil.com": ["2606:4700:4700::1111", "::1"],
  "mapped.evil.com": ["::ffff:127.0.0.1"],
  "nat64.evil.com": ["64:ff9b::7f00:1"],
  "teredo.evil.com": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
  "sixtofour.evil.com": ["2002:7f00:1::1"],
  "compatible.evil.com": ["::7f00:1"],
  "unspecified.evil.com": ["0.0.0.0"],
  "unspecified6.evil.com": ["::"],
  "metadata.evil.com": ["169.254.169.254"],
  "metadata6.evil.com": ["fd00:ec2::254"],
  "alibaba.evil.com": ["100.100.100.200"],
  "azure.evil.com": ["168.63.129.16"],
  "multicast.evil.com": ["224.0.0.1"],
  "broadcast.evil.com": ["255.255.255.255"],
  "zone.evil.com": ["fe80::1%eth0"],
  "nothing.evil.com": [],
  "nonsense.evil.com": ["127.1"],
  "name.evil.com": ["localhost"],
};

const literals4 = [
  ...["127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0", "0.0.0.0", "0.0.0.1", "10.0.0.1", "10.1", "100.64.0.1"],
  ...["100.100.100.200", "168.63.129.16", "169.254.169.254", "169.254.170.2", "169.254.1", "172.16.0.1", "172.31.0.1"],
  ...[
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.257",
    "198.18.0.1",
    "198.51.100.7",
  ],
  ...["203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"],
  ...[
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7F.0x0.0x0.0x1",
    "0x7f.1",
    "0177.0.0.1",
    "0177.1",
    "00000177.0.0.01",
  ],
  ...["2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "0251.254.0xa9.254", "169.254.43518"],
  ...["169.16689662", "3232235521", "0xc0a80001", "167772161", "012.0.0.1", "0x0", "00", "4294967295", "0xffffffff"],
  ...["127.0.0.1.", "169.254.169.254.", "2130706433.", "127.1.", "0."],
  ...["127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "１２７.0.0.1", "①②⑦.⓪.⓪.①", "169。254。169。254", "𝟏𝟐𝟕.𝟎.𝟎.𝟏"],
  ...["%31%32%37.0.0.1", "127%2e0%2e0%2e1", "0%78%37f000001", "169.254.169.25%34"],
];

const literals6 = [
  ...["::", "::1", "0:0:0:0:0:0:0:1", "0000::0001", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:a9fe:a9fe"],
  ...["::FFFF:169.254.169.254", "0:0:0:0:0:ffff:10.0.0.1", "::ffff:0:127.0.0.1", "::127.0.0.1", "::a9fe:a9fe"],
  ...["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1"],
  ...["2001::1", "2001:0:7f00:1::", "2001:db8::1", "3fff::1", "100::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254"],
  ...["fe80::1", "febf::1", "fec0::1", "ff02::1", "5f00::1"],
].map((address) => `[${address}]`);

const names = [
  ...["localhost", "LOCALHOST", "localhost.", "ⓛocalhost", "ｌｏｃａｌｈｏｓｔ", "local%68ost", "loca\u00adlhost"],
  ...["localhost.localdomain", "localtest.me", "127.0.0.1.nip.io", "169.254.169.254.nip.io", "0x7f000001.evil.com"],
  ...["metadata", "metadata.google.internal", "METADATA.google.internal", "metadata.google.internal."],
  ...[
    "metadata。google。internal",
    "metadata.goog",
    "instance-data.ec2.internal",
    "kubernetes",
    "kubernetes.default.svc",
  ],
  ...["router", "db.internal", "vault.service.consul", "printer.local", "intranet.corp"],
  ...["evil.com.", "evil.com..", ".evil.com", "evil..com", "-evil.com", "evil-.com", "*.evil.com", "~.evil.com"],
  ...[
    "evil.com'",
    "(evil.com)",
    "evil;.com",
    "$evil.com",
    "evil,com",
    `${"a".repeat(64)}.com`,
    `${"a.".repeat(130)}com`,
  ],
  ...Object.keys(attackersDns),
];

/** Whole URLs: other schemes, users, ports, and ways of hiding the host. */
const urls = [
  "http://example.com/",
  "http://127.0.0.1/",
  "HTTP://169.254.169.254/latest/meta-data/",
  "ftp://example.com/",
  "file:///etc/passwd",
  "file://localhost/etc/passwd",
  "data:application/json,{}",
  "javascript:alert(1)",
  "blob:https://example.com/5f0c",
  "ws://example.com/",
  "wss://example.com/",
  "gopher://127.0.0.1:6379/_FLUSHALL",
  "dict://127.0.0.1:11211/stat",
  "about:blank",
  "//example.com/",
  "/token",
  "example.com",
  "",
  "https://",
  "https:///",
  "https://user@127.0.0.1/",
  "https://example.com@127.0.0.1/",
  "https://example.com:443@127.0.0.1/",
  "https://127.0.0.1@example.com/",
  "https://user:password@example.com/",
  "https://:password@example.com/",
  "https://example.com%40127.0.0.1/",
  "https://example.com%2f@127.0.0.1/",
  "https://example.com%00.evil.com/",
  "https://example.com%0d%0a.evil.com/",
  "https://example.com%20.evil.com/",
  "https://example.com%23@127.0.0.1/",
  "https://127.0.0.1#@example.com/",
  "https://127.0.0.1?@example.com/",
  "https://127.0.0.1\\@example.com/",
  "https:\\\\127.0.0.1\\",
  "https:127.0.0.1",
  "https:/127.0.0.1/",
  "https:////127.0.0.1/",
  "https://\t127.0.0.1/",
  "https://127.\n0.0.1/",
  " https://127.0.0.1/ ",
  "\u0001https://127.0.0.1/",
  "https://example.com:22/",
  "https://example.com:80/",
  "https://example.com:6379/",
  "https://example.com:8443/",
  "https://example.com:0/",
  "https://example.com:65536/",
  "https://example.com:-1/",
  "https://127.0.0.1:443/",
  "https://[::1/",
  "https://[fe80::1%25eth0]/",
  "https://[::ffff:127.0.0.1%25]/",
  "https://[127.0.0.1]/",
  "https://1.2.3.4.5/",
  "https://256.256.256.256/",
  "https://0x100000000/",
];

const hostile = [...[...literals4, ...literals6, ...names].map((host) => `https://${host}/`), ...urls];

describe("hosts that a user might name", () => {
  test("R24 there are enough of them, and none twice", () => {
    expect(new Set(hostile).size).toBe(hostile.length);
    expect(hostile.length).toBeGreaterThanOrEqual(200);
  });

  test.each(hostile)("R24 refuses %j, and sends nothing", async (url) => {
    const lookups: string[] = [];
    const fetch = guardedFetch({
      lookup: async (hostname) => {
        lookups.push(hostname);
        return attackersDns[hostname] ?? ["127.0.0.1"];
      },
    });
    expect(await codeOf(() => fetch(url))).toBe("invalid_request");
    expect(lookups.length).toBeLessThanOrEqual(1);
  });

  test.each([...literals4, ...literals6])("R24 refuses the address %s without asking DNS", async (address) => {
    const fetch = guardedFetch({ lookup: () => expect.unreachable() });
    expect(await codeOf(() => fetch(`https://${address}/`))).toBe("invalid_request");
  });
});
