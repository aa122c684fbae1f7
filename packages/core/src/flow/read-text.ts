/** A request whose body is still to be read. */
export interface UnreadRequest {
  readonly headers?: { get(name: string): string | null };
  /** A web stream, where the framework hands one over: it is then read under the limit. */
  readonly body?: unknown;
  text?(): Promise<string>;
}

/** Reads a body as text, or `undefined` when it is longer than `maximumBytes`. */
export async function readText(request: UnreadRequest, maximumBytes: number): Promise<string | undefined> {
  if (Number(request.headers?.get("content-length") ?? 0) > maximumBytes) return undefined;
  if (!(request.body instanceof ReadableStream) || request.body.locked) {
    const text = (await request.text?.()) ?? "";
    return Buffer.byteLength(text) > maximumBytes ? undefined : text;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (size > maximumBytes) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
