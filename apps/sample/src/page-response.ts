import type { Html } from "./views/layout.ts";

/** A page as an answer. */
export async function pageResponse(content: Html, status = 200): Promise<Response> {
  return new Response(String(await content), { status, headers: { "content-type": "text/html; charset=utf-8" } });
}
