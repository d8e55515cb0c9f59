import type { Pod, SourceProblem } from "@nk/pod-model";

/** What is known of one file. */
export interface FileRecord {
  readonly path: string;
  /** Of the bytes last looked at; unchanged bytes are not parsed again. */
  readonly digest: string;
  /** Of the last valid version; they stay while a newer one is invalid. */
  readonly pods: readonly Pod[];
  /** Of the version last looked at. */
  readonly problems: readonly SourceProblem[];
}

/** Pods that may run together, and what stands against the others. */
export interface Merged {
  readonly pods: readonly Pod[];
  readonly problems: readonly SourceProblem[];
  /** Path of the file that each name and UID belongs to, for the next merge. */
  readonly owners: ReadonlyMap<string, string>;
}

const claimsOf = (pod: Pod): readonly string[] => [`name ${pod.metadata?.namespace}/${pod.metadata?.name}`, `uid ${pod.metadata?.uid}`];

/**
 * Brings the files together. When two want the same name or UID, the one that has it keeps it as long as it wants it, so that a copied
 * file never takes a running pod's place; otherwise the first by path has it. Pure.
 */
export const mergeFiles = (files: readonly FileRecord[], previousOwners: ReadonlyMap<string, string>): Merged => {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const offers = sorted.flatMap(({ path, pods }) => pods.map((pod) => ({ path, pod, claims: claimsOf(pod) })));
  const owners = new Map<string, string>();
  const accepted = new Set<Pod>();
  const accept = (offer: (typeof offers)[number]): void => {
    if (offer.claims.some((claim) => owners.has(claim))) return;
    for (const claim of offer.claims) owners.set(claim, offer.path);
    accepted.add(offer.pod);
  };
  // By name alone: a changed pod has another UID, and still is the one that has the name.
  for (const offer of offers) if (previousOwners.get(offer.claims[0] ?? "") === offer.path) accept(offer);
  for (const offer of offers) if (!accepted.has(offer.pod)) accept(offer);
  const problems = offers
    .filter(({ pod }) => !accepted.has(pod))
    .map(({ path, claims }) => {
      const claim = claims.find((key) => owners.has(key)) ?? "";
      const field = claim.startsWith("uid") ? "metadata.uid" : "metadata.name";
      return { location: path, field, message: `Duplicate value: pod ${claim} is also in ${owners.get(claim)}` };
    });
  return {
    pods: offers.filter(({ pod }) => accepted.has(pod)).map(({ pod }) => pod),
    problems: [...sorted.flatMap((file) => file.problems), ...problems],
    owners,
  };
};
