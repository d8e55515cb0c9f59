/** A difference that is meant, with its reason. */
export interface KnownDifference {
  readonly path: string;
  readonly reason: string;
}

/** By recording and method; a recording that is not here must match entirely. */
export const knownDifferences: { readonly [recording: string]: { readonly [method: string]: readonly KnownDifference[] } } = {
  "p14-dns": {
    RunPodSandbox: [
      {
        path: "config.dns_config.options",
        reason: "ours keep the order of the spec; the reference's come out of a Go map in random order",
      },
    ],
  },
};
