import type { CsiMethods } from "./gen/csi/v1/methods.ts";
import { CSI_METHODS } from "./gen/csi/v1/methods.ts";

/** What stands where a secret was. */
export const REDACTED = "***";

/** The key of volume_context under which Kubernetes hands tokens to drivers that do not take them as secrets. */
const TOKENS_KEY = "csi.storage.k8s.io/serviceAccount.tokens";

/** Shorter values are replaced only where they stand as words: a secret "1" is not to turn every number into stars. */
const SHORTEST_ANYWHERE = 4;

/** A driver may quote one line of a key: lines at least this long are secrets of their own. */
const SHORTEST_LINE = 12;

const isMap = (value: unknown): value is { readonly [key: string]: unknown } => typeof value === "object" && value !== null;

const stringsIn = (value: unknown): readonly string[] => {
  if (typeof value === "string") return [value];
  return isMap(value) ? Object.values(value).flatMap(stringsIn) : [];
};

const tokensIn = (value: unknown): readonly string[] => {
  if (typeof value !== "string") return [];
  try {
    return [value, ...stringsIn(JSON.parse(value))];
  } catch {
    return [value];
  }
};

/** The forms in which one value may turn up in a text. */
const formsOf = (secret: string): readonly string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret.toWellFormed()),
  Buffer.from(secret).toString("base64"),
  Buffer.from(secret).toString("base64url"),
  ...secret.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE),
];

/** The secret values in a request, each in every form it may be quoted in, longest first. */
export const secretsOf = (method: keyof CsiMethods, request: object): readonly string[] => {
  const fields = request as { readonly [field: string]: unknown };
  const values = [
    ...CSI_METHODS[method].secretFields.flatMap((field) => stringsIn(fields[field])),
    ...(isMap(fields["volumeContext"]) ? tokensIn(fields["volumeContext"][TOKENS_KEY]) : []),
  ];
  const forms = new Set(values.flatMap(formsOf).filter((form) => form !== ""));
  return [...forms].toSorted((a, b) => b.length - a.length);
};

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** The text without these secrets. */
export const redactText = (text: string, secrets: readonly string[]): string =>
  secrets.reduce(
    (redacted, secret) =>
      secret.length >= SHORTEST_ANYWHERE
        ? redacted.replaceAll(secret, REDACTED)
        : redacted.replace(new RegExp(`(?<![\\w])${escapePattern(secret)}(?![\\w])`, "g"), REDACTED),
    text,
  );

/**
 * A copy of a request that may be shown: the keys of its secret fields stay, their values do not, and neither do service account
 * tokens in the volume context.
 */
export const redactRequest = <Request extends object>(method: keyof CsiMethods, request: Request): Request => {
  const copy: { [field: string]: unknown } = { ...(request as { readonly [field: string]: unknown }) };
  for (const field of CSI_METHODS[method].secretFields) {
    const value = copy[field];
    if (isMap(value)) copy[field] = Object.fromEntries(Object.keys(value).map((key) => [key, REDACTED]));
  }
  const context = copy["volumeContext"];
  if (isMap(context) && TOKENS_KEY in context) copy["volumeContext"] = { ...context, [TOKENS_KEY]: REDACTED };
  return copy as Request;
};
