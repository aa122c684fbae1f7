import { readFile } from "node:fs/promises";
import { Hono } from "hono";

const files = [
  { path: "/style.css", file: "style.css", type: "text/css; charset=utf-8" },
  { path: "/connections.css", file: "connections.css", type: "text/css; charset=utf-8" },
  { path: "/connecting.css", file: "connecting.css", type: "text/css; charset=utf-8" },
  { path: "/app.js", file: "app.js", type: "text/javascript; charset=utf-8" },
  { path: "/favicon.svg", file: "favicon.svg", type: "image/svg+xml" },
  { path: "/favicon.ico", file: "favicon.svg", type: "image/svg+xml" },
] as const;

/** Serves the page's style, script and icon. */
export function assets(): Hono {
  const app = new Hono();
  for (const { path, file, type } of files) {
    app.get(path, async (c) => {
      const content = await readFile(new URL(`./public/${file}`, import.meta.url), "utf8");
      return c.body(content, 200, { "content-type": type, "cache-control": "no-cache" });
    });
  }
  return app;
}
