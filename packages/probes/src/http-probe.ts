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

/** One place to ask; `text` is the URL as events show it, with the port always there. */
interface Address {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly text: string;
}

const firstAddress = ({ scheme, host, port, path }: HttpProbe): Address => {
  const absolute = path === "" || path.startsWith("/") ? path : `/${path}`;
  const base = `${scheme}://${joinHostPort(host, port)}`;
  const { pathname, search } = new URL(base + absolute);
  return { scheme, host, port, path: pathname + search, text: base + absolute };
};

const headersOf = (probe: HttpProbe): Map<string, HttpHeader> => {
  const headers = new Map([
    ["user-agent", { name: "User-Agent", value: probe.userAgent }],
    ["accept", { name: "Accept", value: "*/*" }],
  ]);
  const own = new Map<string, HttpHeader>();
  for (const header of probe.headers) {
    const key = header.name.toLowerCase();
    const before = own.get(key);
    own.set(key, before ? { name: header.name, value: `${before.value}, ${header.value}` } : header);
  }
  for (const [key, header] of own) headers.set(key, header);
  // An empty one of these two means: do not send it (pkg/probe/http/request.go).
  for (const key of ["user-agent", "accept"]) if (headers.get(key)?.value === "") headers.delete(key);
  return headers;
};

const writeHeaders = (headers: ReadonlyMap<string, HttpHeader>, address: Address, host: string | undefined): OutgoingHttpHeaders => {
  const isDefaultPort = address.port === (address.scheme === "https" ? 443 : 80);
  const own = isDefaultPort ? joinHostPort(address.host, address.port).replace(/:\d+$/, "") : joinHostPort(address.host, address.port);
  const written: OutgoingHttpHeaders = { Host: host ?? own, Connection: "close" };
  for (const [key, { name, value }] of headers) if (key !== "host" && key !== "connection") written[name] = value;
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
  const base = `${from.scheme}://${joinHostPort(from.host, from.port)}${from.path}`;
  const to = location === undefined ? null : URL.parse(location, base);
  if (to === null || (to.protocol !== "http:" && to.protocol !== "https:")) return undefined;
  if (to.hostname !== new URL(base).hostname) return undefined;
  const scheme = to.protocol === "https:" ? "https" : "http";
  const port = to.port === "" ? (scheme === "https" ? 443 : 80) : Number(to.port);
  return { scheme, host: from.host, port, path: to.pathname + to.search, text: to.href };
};

const judge = ({ statusCode, body }: HttpAnswer): ProbeVerdict => {
  if (statusCode < 200 || statusCode >= 400) return { verdict: "failure", output: `HTTP probe failed with statuscode: ${statusCode}` };
  if (statusCode >= 300) return { verdict: "warning", output: `Probe terminated redirects, Response body: ${body}` };
  return { verdict: "success", output: body };
};

/** A GET, redirects on the same host followed; 200 to 399 is a success (reference: pkg/probe/http/http.go). The signal is the time limit. */
export const probeHttp = async (probe: HttpProbe, signal: AbortSignal): Promise<ProbeVerdict> => {
  const headers = headersOf(probe);
  const host = headers.get("host")?.value;
  let address = firstAddress(probe);
  for (let count = 0; ; count += 1) {
    const asked = await ask(address, writeHeaders(headers, address, host === "" ? undefined : host), signal);
    if ("verdict" in asked) return asked.verdict;
    const { statusCode, location } = asked.answer;
    const isRedirect = [301, 302, 303, 307, 308].includes(statusCode);
    const next = isRedirect ? followLocation(location, address) : undefined;
    if (next === undefined) return judge(asked.answer);
    if (count + 1 >= MAX_REDIRECTS) return { verdict: "failure", output: `Get "${next.text}": stopped after ${MAX_REDIRECTS} redirects` };
    address = next;
  }
};
