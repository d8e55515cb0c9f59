import type { OutgoingHttpHeaders } from "node:http";
import { openConnection, waitForConnect } from "./connection.ts";
import type { HttpAnswer } from "./http-exchange.ts";
import { BodyError, exchangeHttp } from "./http-exchange.ts";
import { describeDialError, describeExchangeError, joinHostPort } from "./network-error.ts";
import type { ProbeVerdict } from "./outcome.ts";
import type { HttpHeader } from "./spec.ts";

const MAX_REDIRECTS = 10;
/** What Go's HTTP client says of its own time limit. */
const TIMEOUT_TEXT = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

export interface HttpProbe {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly HttpHeader[];
  readonly userAgent: string;
}

/** One place to ask. */
interface Address {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  /** Path and query as they are sent. */
  readonly path: string;
  /** The `Host` header, unless the probe has its own that counts here. */
  readonly authority: string;
  /** A redirect to a whole URL, and not to a path, has left the probe's own `Host` behind. */
  readonly keepsHost: boolean;
  /** The URL as events show it. */
  readonly text: string;
}

/**
 * Path and query of what the API lets a probe say, which may be a whole URL. They are sent as they are, but for what HTTP does not allow
 * (reference: formatURL, pkg/probe/http/request.go).
 */
const requestPath = (path: string): string => {
  const [withoutFragment = ""] = path.split("#", 1);
  const local = withoutFragment.replace(/^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?]*/i, "");
  const absolute = local.startsWith("/") ? local : `/${local}`;
  return absolute
    .toWellFormed()
    .replaceAll(/%(?![\da-f]{2})/gi, "%25")
    .replaceAll(/[^\u0021-\u007e]|["<>\\^`{|}]/gu, encodeURIComponent);
};

const firstAddress = ({ scheme, host, port, path }: HttpProbe): Address => {
  const authority = joinHostPort(host, port);
  const sent = requestPath(path);
  return { scheme, host, port, path: sent, authority, keepsHost: true, text: `${scheme}://${authority}${path === "" ? "" : sent}` };
};

/** By lower-case name; a header given twice is sent twice. */
type Headers = ReadonlyMap<string, { readonly name: string; readonly values: readonly string[] }>;

const headersOf = (probe: HttpProbe): Headers => {
  const headers = new Map([
    ["user-agent", { name: "User-Agent", values: [probe.userAgent] }],
    ["accept", { name: "Accept", values: ["*/*"] }],
  ]);
  const own = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const { name, value } of probe.headers) {
    const before = own.get(name.toLowerCase());
    if (before === undefined) own.set(name.toLowerCase(), { name, values: [value] });
    else before.values.push(value);
  }
  for (const [key, header] of own) headers.set(key, header);
  // An empty one of these two means: do not send it (pkg/probe/http/request.go).
  for (const key of ["user-agent", "accept"]) if (headers.get(key)?.values[0] === "") headers.delete(key);
  return headers;
};

const writeHeaders = (headers: Headers, { authority, keepsHost }: Address): OutgoingHttpHeaders => {
  const [host = ""] = headers.get("host")?.values ?? [];
  const written: OutgoingHttpHeaders = { Host: keepsHost && host !== "" ? host : authority, Connection: "close" };
  for (const [key, { name, values }] of headers) if (key !== "host" && key !== "connection") written[name] = [...values];
  return written;
};

type Ask = { readonly answer: HttpAnswer } | { readonly verdict: ProbeVerdict };

const ask = async (address: Address, headers: OutgoingHttpHeaders, signal: AbortSignal): Promise<Ask> => {
  const fail = (why: string): Ask => ({ verdict: { verdict: "failure", output: `Get "${address.text}": ${why}` } });
  using connection = openConnection(address);
  const { socket } = connection;
  try {
    await waitForConnect(socket, signal);
  } catch (error) {
    return fail(signal.aborted ? TIMEOUT_TEXT : describeDialError(error, address));
  }
  const local = joinHostPort(socket.localAddress ?? "", socket.localPort ?? 0);
  try {
    return { answer: await exchangeHttp(socket, { ...address, headers }, signal) };
  } catch (error) {
    // The reference reports a body that breaks off as an error of the probe, not as a failure of the container.
    if (error instanceof BodyError) {
      const output = signal.aborted
        ? "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
        : error.message;
      return { verdict: { verdict: "error", output } };
    }
    return fail(signal.aborted ? TIMEOUT_TEXT : describeExchangeError(error, { local, remote: joinHostPort(address.host, address.port) }));
  }
};

/** Where a redirect leads; undefined when it is not followed: no location, no HTTP, or another host. */
const followLocation = (location: string | undefined, from: Address): Address | undefined => {
  const base = URL.parse(`${from.scheme}://${joinHostPort(from.host, from.port)}${from.path}`);
  const to = location === undefined || base === null ? null : URL.parse(location, base.href);
  if (to === null || (to.protocol !== "http:" && to.protocol !== "https:")) return undefined;
  if (to.hostname !== base?.hostname) return undefined;
  const scheme = to.protocol === "https:" ? "https" : "http";
  const port = to.port === "" ? (scheme === "https" ? 443 : 80) : Number(to.port);
  const isRelative = location === undefined || URL.parse(location) === null;
  const { host: authority, href: text } = to;
  return { scheme, host: from.host, port, path: to.pathname + to.search, authority, keepsHost: from.keepsHost && isRelative, text };
};

const judge = ({ statusCode, body }: HttpAnswer): ProbeVerdict => {
  if (statusCode < 200 || statusCode >= 400) return { verdict: "failure", output: `HTTP probe failed with statuscode: ${statusCode}` };
  if (statusCode >= 300) return { verdict: "warning", output: `Probe terminated redirects, Response body: ${body}` };
  return { verdict: "success", output: body };
};

/** A GET, redirects on the same host followed; 200 to 399 is a success (reference: pkg/probe/http/http.go). The signal is the time limit. */
export const probeHttp = async (probe: HttpProbe, signal: AbortSignal): Promise<ProbeVerdict> => {
  const headers = headersOf(probe);
  let address = firstAddress(probe);
  for (let count = 0; ; count += 1) {
    const asked = await ask(address, writeHeaders(headers, address), signal);
    if ("verdict" in asked) return asked.verdict;
    const { statusCode, location } = asked.answer;
    const isRedirect = [301, 302, 303, 307, 308].includes(statusCode);
    const next = isRedirect ? followLocation(location, address) : undefined;
    if (next === undefined) return judge(asked.answer);
    // Go's client names the place as the server wrote it here.
    if (count + 1 >= MAX_REDIRECTS) return { verdict: "failure", output: `Get "${location}": stopped after ${MAX_REDIRECTS} redirects` };
    address = next;
  }
};
