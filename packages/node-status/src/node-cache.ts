import type { Node } from "@nk/pod-model";

/** unknown: nobody has said yet. present: the newest object heard of. absent: there is none. */
export type KnownNode = { readonly kind: "unknown" } | { readonly kind: "present"; readonly node: Node } | { readonly kind: "absent" };

/** What was known when a call was made. */
export interface Asked {
  readonly epoch: number;
  readonly node: Node | undefined;
}

/** What is known of the node's object, from its watch and from the answers to our own writes. */
export interface NodeCache {
  readonly known: KnownNode;
  /** The object, when there is one. */
  readonly node: Node | undefined;
  /** Goes up with each `forget`. */
  readonly epoch: number;
  /** To be taken before a call, for its answer. */
  ask(): Asked;
  /**
   * What a watch, a read or a write says; false when that, or something newer, is known already. The answer to a call passes what was known
   * when it was made: when the node has gone since, the answer tells of a past object and is not taken; when it is older than that, the
   * server's versions have gone back (a restored etcd), and it is taken, or nothing that comes later would ever be.
   */
  learn(node: Node, asked?: Asked): boolean;
  /** It is gone. */
  forget(): void;
}

const versionOf = ({ metadata }: Node): bigint | undefined => {
  const text = metadata?.resourceVersion ?? "";
  return /^\d{1,20}$/u.test(text) ? BigInt(text) : undefined;
};

/** Versions are compared as numbers (KEP-5504); undefined where they are none, and of another UID, which is another object. */
const compareVersions = (candidate: Node, known: Node): number | undefined => {
  if (candidate.metadata?.uid !== known.metadata?.uid) return undefined;
  const [a, b] = [versionOf(candidate), versionOf(known)];
  return a === undefined || b === undefined ? undefined : a > b ? 1 : a < b ? -1 : 0;
};

/** Where versions do not tell, what comes later counts. */
const isNews = (candidate: Node, known: Node): boolean => (compareVersions(candidate, known) ?? 1) > 0;

const isFromBefore = (answer: Node, asked: Asked | undefined): boolean =>
  asked?.node !== undefined && compareVersions(answer, asked.node) === -1;

/** Knows nothing yet. */
export const createNodeCache = (): NodeCache => {
  let known: KnownNode = { kind: "unknown" };
  let epoch = 0;
  return {
    get epoch() {
      return epoch;
    },
    get known() {
      return known;
    },
    get node() {
      return known.kind === "present" ? known.node : undefined;
    },
    ask: () => ({ epoch, node: known.kind === "present" ? known.node : undefined }),
    learn(node, asked) {
      if (asked !== undefined && asked.epoch !== epoch) return false;
      if (known.kind === "present" && !isNews(node, known.node) && !isFromBefore(node, asked)) return false;
      known = { kind: "present", node };
      return true;
    },
    forget() {
      epoch += 1;
      known = { kind: "absent" };
    },
  };
};
