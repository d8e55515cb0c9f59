import type { Node } from "@nk/pod-model";

/** unknown: nobody has said yet. present: the newest object heard of. absent: there is none. */
export type KnownNode = { readonly kind: "unknown" } | { readonly kind: "present"; readonly node: Node } | { readonly kind: "absent" };

/** What is known of the node's object, from its watch and from the answers to our own writes. */
export interface NodeCache {
  readonly known: KnownNode;
  /** The object, when there is one. */
  readonly node: Node | undefined;
  /** Goes up with each `forget`. */
  readonly epoch: number;
  /**
   * What a watch, a read or a write says; false when that, or something newer, is known already. The answer to a call passes the epoch in
   * which the call was made: when the node has gone since, the answer tells of a past object and is not taken.
   */
  learn(node: Node, epoch?: number): boolean;
  /** It is gone. */
  forget(): void;
}

const versionOf = ({ metadata }: Node): bigint | undefined => {
  const text = metadata?.resourceVersion ?? "";
  return /^\d{1,20}$/u.test(text) ? BigInt(text) : undefined;
};

/** Versions are compared as numbers (KEP-5504); where they are none, what comes later counts. Another UID is another object. */
const isNews = (candidate: Node, known: Node): boolean => {
  if (candidate.metadata?.uid !== known.metadata?.uid) return true;
  const [a, b] = [versionOf(candidate), versionOf(known)];
  return a === undefined || b === undefined || a > b;
};

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
    learn(node, madeIn = epoch) {
      if (madeIn !== epoch) return false;
      if (known.kind === "present" && !isNews(node, known.node)) return false;
      known = { kind: "present", node };
      return true;
    },
    forget() {
      epoch += 1;
      known = { kind: "absent" };
    },
  };
};
