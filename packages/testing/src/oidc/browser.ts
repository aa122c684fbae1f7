/** A user's browser at one provider, by plain HTTP: it keeps cookies and follows nothing by itself. */
export type Browser = (url: URL, form?: URLSearchParams) => Promise<Response>;

export function openBrowser(): Browser {
  const cookies = new Map<string, string>();
  return async (url, form) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      method: form ? "POST" : "GET",
      headers: { cookie },
      body: form ?? null,
      redirect: "manual",
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
}

/** The values of the hidden fields of a page. */
export function hiddenFields(page: string): URLSearchParams {
  const fields = [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return new URLSearchParams(fields.map(([, name = "", value = ""]) => [name, value]));
}
