import type { CriError } from "@nk/cri-client";

/** What the runtime said, in the words of Go's gRPC that the reference's events show; undefined when it said nothing. */
export const rpcErrorText = ({ code, details: { runtimeMessage } }: CriError): string | undefined => {
  if (runtimeMessage === undefined) return undefined;
  const name = code.replace(/(?:^|-)(.)/gu, (_match, letter: string) => letter.toUpperCase());
  return `rpc error: code = ${name} desc = ${runtimeMessage}`;
};
