import { access, constants, stat } from "node:fs/promises";
import { CsiError } from "./errors.ts";

/** Longer paths do not fit the kernel's socket address. */
const LONGEST_SOCKET_PATH = 107;

/** The socket's path for `unix:///path`, `unix:/path` or `/path`; throws `CsiError` `invalid-endpoint` for anything else. */
export const parseEndpoint = (endpoint: string): string => {
  const path = endpoint.replace(/^unix:(?:\/\/)?(?=\/)/, "");
  const fault =
    !path.startsWith("/") || path.endsWith("/") || path.includes("\0")
      ? "is not of the form unix:///path or /path"
      : Buffer.byteLength(path) > LONGEST_SOCKET_PATH
        ? `is longer than the ${String(LONGEST_SOCKET_PATH)} bytes that a unix socket's path can have`
        : undefined;
  if (fault === undefined) return path;
  throw new CsiError({ code: "invalid-endpoint", message: `endpoint ${JSON.stringify(endpoint)} ${fault}`, details: { endpoint } });
};

/** What cannot become a driver's socket by waiting. */
const findFault = async (path: string): Promise<string | undefined> => {
  try {
    const found = await stat(path);
    if (found.isSocket()) {
      // To connect is to write.
      await access(path, constants.W_OK);
      return undefined;
    }
    return found.isDirectory() ? "is a directory, not a socket" : "is no socket";
  } catch (error) {
    const errno = error instanceof Error && "code" in error ? error.code : undefined;
    if (errno === "EACCES") return "cannot be reached: permission denied";
    if (errno === "ENOTDIR") return "cannot be reached: a part of its path is no directory";
    // Not there yet: the driver may be starting.
    return undefined;
  }
};

/** Throws `CsiError` `invalid-endpoint` when something that is no socket stands at the path; passes when nothing does. */
export const checkEndpoint = async (path: string): Promise<void> => {
  const fault = await findFault(path);
  if (fault !== undefined) throw new CsiError({ code: "invalid-endpoint", message: `${path} ${fault}`, details: { endpoint: path } });
};
