import type { ImagesErrorCode } from "./errors.ts";
import type { RegistryAuth } from "./ports.ts";

const MIN_SECRET_LENGTH = 3;

/** Takes logins out of a runtime's message: those that were tried, and any user:password in a URL. */
export const redactSecrets = (message: string, credentials: readonly RegistryAuth[]): string => {
  const secrets = credentials
    .flatMap(({ username, password, identityToken, registryToken }) => [
      password,
      identityToken,
      registryToken,
      password === undefined ? undefined : encodeURIComponent(password),
      password === undefined ? undefined : Buffer.from(`${username ?? ""}:${password}`).toString("base64"),
    ])
    .filter((secret) => secret !== undefined)
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    // The longest first: of a secret that another one is a part of, the rest would stay otherwise.
    .toSorted((one, other) => other.length - one.length);
  const withoutSecrets = secrets.reduce((text, secret) => text.replaceAll(secret, "[redacted]"), message);
  return withoutSecrets.replace(/(:\/\/)[^\s/@"]+@/g, "$1[redacted]@");
};

/** Several failures as one message, the way the reference's aggregated errors read. */
export const joinMessages = (messages: readonly string[]): string => {
  const unique = [...new Set(messages)];
  return unique.length === 1 ? (unique[0] ?? "") : `[${unique.join(", ")}]`;
};

/**
 * The waiting reason and message of a failed pull. CRI has no codes for an unreachable registry and a bad signature: runtimes begin the
 * message with these two words instead (cri-api pkg/errors), so this is the one place that reads a message.
 */
export const classifyPullFailure = (image: string, message: string): { readonly code: ImagesErrorCode; readonly message: string } => {
  const because = (code: "RegistryUnavailable" | "SignatureValidationFailed", reason: string) => ({
    code,
    message: `image pull failed for ${image} because ${reason}${message.slice(code.length)}`,
  });
  if (message.startsWith("RegistryUnavailable")) return because("RegistryUnavailable", "the registry is unavailable");
  if (message.startsWith("SignatureValidationFailed")) return because("SignatureValidationFailed", "the signature validation failed");
  return { code: "ErrImagePull", message };
};
