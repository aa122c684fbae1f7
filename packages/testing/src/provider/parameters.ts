/** Reads the parameters of a body in the one format that is expected; `undefined` for another, or a repeated name. */
export function readParameters(
  request: { readonly headers: Headers; readonly body: string },
  format: "form" | "json",
): ReadonlyMap<string, string> | undefined {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (format === "form") {
    return type === "application/x-www-form-urlencoded" ? single(new URLSearchParams(request.body)) : undefined;
  }
  if (type !== "application/json") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(request.body);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return new Map(entries);
}

/** The parameters of a query or form; `undefined` when one comes twice (RFC 6749, section 3.1). */
export function single(parameters: URLSearchParams): ReadonlyMap<string, string> | undefined {
  const map = new Map(parameters);
  return map.size === [...parameters.keys()].length ? map : undefined;
}
