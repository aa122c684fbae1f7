import { escapePattern, hostOf } from "./point-at.ts";

/** Matches the path of an emulated URL and returns the values of its `{name}` places. */
export type PathPattern = (path: string) => Readonly<Record<string, string>> | undefined;

/**
 * Compiles the URL of a real provider into a pattern for the emulator's path: `{name}` matches within one segment or
 * host label, a whole segment `:name` any segment. A query is ignored.
 */
export function pathPattern(realUrl: string): PathPattern {
  const { host, rest } = hostOf(realUrl);
  const path = `/${host}${rest.replace(/[?#].*$/s, "")}`;
  const names: string[] = [];
  const source = path
    .split(/(\{[^{}/]+\}|(?<=\/):[^/]+)/)
    .map((part) => {
      if (part.startsWith("{")) {
        names.push(part.slice(1, -1));
        return "([^/]+?)";
      }
      return part.startsWith(":") ? "[^/]+" : escapePattern(part);
    })
    .join("");
  const pattern = new RegExp(`^${source}$`);

  return (candidate) => {
    const match = pattern.exec(candidate);
    if (match === null) return undefined;
    return Object.fromEntries(names.map((name, index) => [name, decode(match[index + 1] ?? "")]));
  };
}

/** Puts values in the `{name}` places of a template; a place without a value stays. */
export function fillTemplate(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/\{([^{}]+)\}/g, (place, name: string) => params[name] ?? place);
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
