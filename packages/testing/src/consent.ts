/** What a user chooses on the consent page. */
export interface ConsentChoice {
  /** Left out: the first account on the page. */
  readonly accountId?: string;
  /** Scopes to grant, of those asked for. Left out: all. */
  readonly scopes?: readonly string[];
  /** True: says no. */
  readonly deny?: boolean;
}

/**
 * Consents at an emulated provider by plain HTTP, as a user's browser would, and returns the callback URL that the
 * browser would go to. With `response_mode=form_post` its query holds the parameters that would be posted.
 */
export async function consent(authorizationUrl: string | URL, choice: ConsentChoice = {}): Promise<URL> {
  const page = await fetch(authorizationUrl, { redirect: "manual" });
  const answered = await callbackOf(page);
  if (answered) return answered;
  const text = await page.text();
  if (page.status !== 200) throw new Error(`The consent page answered ${page.status}: ${messageOf(text)}`);

  const inputs = inputsOf(text);
  const form = new URLSearchParams({ decision: choice.deny === true ? "deny" : "allow" });
  const first = inputs.find(({ name }) => name === "account");
  form.set("account", choice.accountId ?? first?.value ?? "");
  for (const { name, value } of inputs) {
    if (name === "consent") form.set(name, value);
    if (name.startsWith("scope:") && (choice.scopes?.includes(value) ?? true)) form.append(name, value);
  }
  const response = await fetch(authorizationUrl, { method: "POST", body: form, redirect: "manual" });
  const callback = await callbackOf(response);
  if (callback === undefined) throw new Error(`The consent was refused: ${messageOf(await response.text())}`);
  return callback;
}

async function callbackOf(response: Response): Promise<URL | undefined> {
  const location = response.headers.get("location");
  if (response.status === 303 && location !== null) return new URL(location);
  if (response.status !== 200) return undefined;
  const text = await response.clone().text();
  const action = /<form method="post" action="([^"]*)"/.exec(text)?.[1];
  if (action === undefined) return undefined;
  const callback = new URL(unescapeHtml(action));
  for (const { name, value } of inputsOf(text)) callback.searchParams.append(name, value);
  return callback;
}

function inputsOf(page: string): readonly { readonly name: string; readonly value: string }[] {
  return [...page.matchAll(/<input [^>]*name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => ({
    name: unescapeHtml(name ?? ""),
    value: unescapeHtml(value ?? ""),
  }));
}

function messageOf(page: string): string {
  return unescapeHtml(/role="alert">([^<]*)</.exec(page)?.[1] ?? page.slice(0, 200));
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}
