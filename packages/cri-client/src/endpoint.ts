import { createConnection } from "node:net";
import { linkSignals } from "@nk/stdx";
import { CriError } from "./errors.ts";

/** Where runtimes listen by default, most common first. */
export const DEFAULT_ENDPOINTS: readonly string[] = ["unix:///run/containerd/containerd.sock", "unix:///run/crio/crio.sock"];

/** The socket's path for `unix:///path` or `/path`; throws `CriError` `invalid-endpoint` for anything else. */
export const parseEndpoint = (endpoint: string): string => {
  const path = endpoint.startsWith("unix://") ? endpoint.slice("unix://".length) : endpoint;
  if (!path.startsWith("/") || path.includes("\0") || path.endsWith("/")) {
    throw new CriError({
      code: "invalid-endpoint",
      message: `endpoint ${JSON.stringify(endpoint)} is not of the form unix:///path or /path`,
      details: { endpoint },
    });
  }
  return path;
};

/** What {@link detectEndpoint} takes. */
export interface DetectEndpointOptions {
  readonly signal?: AbortSignal;
  /** Endpoints to try at once; default {@link DEFAULT_ENDPOINTS}. */
  readonly candidates?: readonly string[];
}

const accepts = (path: string, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ path, signal });
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });

/**
 * The first candidate whose socket accepts a connection, all being tried at once (crictl tries one after another and waits for
 * each). Throws `CriError` `no-endpoint` when none does.
 */
export const detectEndpoint = async (options: DetectEndpointOptions = {}): Promise<string> => {
  const { candidates = DEFAULT_ENDPOINTS, signal } = options;
  const losers = new AbortController();
  using linked = linkSignals(signal, losers.signal);
  try {
    return await Promise.any(
      candidates.map(async (candidate) => {
        await accepts(parseEndpoint(candidate), linked.signal);
        return candidate;
      }),
    );
  } catch (error) {
    signal?.throwIfAborted();
    throw new CriError({ code: "no-endpoint", message: `no runtime listens on ${candidates.join(" or ")}`, cause: error });
  } finally {
    losers.abort();
  }
};
