import { validateHeaderName, validateHeaderValue } from "node:http";
import type { Pod, SourceProblem } from "@nk/pod-model";
import { systemClock, withDeadline } from "@nk/stdx";
import { StaticPodsError } from "./errors.ts";
import { httpGet, toShownUrl, toUrlIdentity } from "./http-get.ts";
import type { HttpBody } from "./http-get.ts";
import { keepUnchangedPods } from "./keep-unchanged.ts";
import { readManifest } from "./manifest.ts";
import { DEFAULT_CHECK_MS, DEFAULT_MAX_BYTES, MIN_CHECK_MS } from "./options.ts";
import type { HttpSourceOptions, PodSourceDriver } from "./options.ts";
import { createPublisher } from "./publisher.ts";

const readUrl = (text: string): URL => {
  const url = URL.parse(text);
  if (url === null) throw new StaticPodsError("invalid-option", "create http source: the URL can't be parsed");
  if (url.protocol === "http:" || url.protocol === "https:") return url;
  throw new StaticPodsError("invalid-option", `create http source: protocol ${JSON.stringify(url.protocol)} is not http or https`);
};

const checkHeaders = (headers: HttpSourceOptions["headers"]): void => {
  for (const [name, value] of Object.entries(headers ?? {})) {
    try {
      validateHeaderName(name);
      for (const one of typeof value === "string" ? [value] : value) validateHeaderValue(name, one);
    } catch {
      // Without cause: it may quote the value.
      throw new StaticPodsError("invalid-option", `create http source: header ${JSON.stringify(name)} is not valid`);
    }
  }
};

/** What the URL's last usable answer said. */
interface Known {
  readonly digest: string | undefined;
  /** Undefined until the first usable answer: until then the source has not spoken. */
  readonly pods: readonly Pod[] | undefined;
  readonly problems: readonly SourceProblem[];
}

/**
 * Pods from a URL, which answers with a Pod, a PodList or several documents. Asks at once and then each `intervalMs`; while it can't be
 * asked, the pods of the last usable answer stay. Throws `invalid-option` for a URL, header or node name that can't be used.
 */
export const createHttpSource = (options: HttpSourceOptions): PodSourceDriver => {
  const url = readUrl(options.url);
  checkHeaders(options.headers);
  if (options.nodeName === "") throw new StaticPodsError("invalid-option", "create http source: node name is empty");
  const location = toShownUrl(url);
  const identity = toUrlIdentity(url);
  const { clock = systemClock, timeoutMs = 10_000, maxBodyBytes = DEFAULT_MAX_BYTES, headers = {} } = options;
  const intervalMs = Math.max(MIN_CHECK_MS, options.intervalMs ?? DEFAULT_CHECK_MS);

  const ask = async (signal: AbortSignal): Promise<HttpBody | SourceProblem> => {
    using deadline = withDeadline({ signal, timeoutMs, clock, what: `GET ${location}` });
    try {
      return await httpGet({ url, headers, maxBodyBytes, signal: deadline.signal });
    } catch (error) {
      signal.throwIfAborted();
      return { location, message: error instanceof Error ? error.message : String(error) };
    }
  };

  const interpret = (body: HttpBody, known: Known): Known => {
    const { text, digest } = body;
    if (digest === known.digest) return known;
    // As in the reference: an empty answer is taken for "none", and complained about.
    if (text === "") return { digest, pods: [], problems: [{ location, message: "answer is empty" }] };
    const manifest = readManifest(text, {
      source: "http",
      location,
      identity,
      nodeName: options.nodeName,
      seenMs: clock.nowMs(),
      isFieldSupported: options.isFieldSupported,
      maxPods: options.maxPods,
    });
    if (manifest.problems.length > 0) return { digest, pods: known.pods, problems: manifest.problems };
    return { digest, pods: keepUnchangedPods(manifest.pods, known.pods ?? []), problems: [] };
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const publisher = createPublisher("http", options);
    let known: Known = { digest: undefined, pods: undefined, problems: [] };
    try {
      while (!signal.aborted) {
        const startMs = clock.monotonicMs();
        const answer = await ask(signal);
        if ("text" in answer) known = interpret(answer, known);
        publisher.metrics.read("http", (clock.monotonicMs() - startMs) / 1000);
        publisher.publish(known.pods, "text" in answer ? known.problems : [answer]);
        await clock.sleep(intervalMs, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  };
  return { run };
};
