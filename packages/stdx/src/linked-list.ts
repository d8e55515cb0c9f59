/** A place in a {@link LinkedList}. */
export interface ListNode<T> {
  readonly value: T;
  previous: ListNode<T> | undefined;
  next: ListNode<T> | undefined;
  isLinked: boolean;
}

/** A queue that can also lose any member in constant time: waiters abort from the middle. Internal to this package. */
export interface LinkedList<T> {
  push(value: T): ListNode<T>;
  shift(): T | undefined;
  /** Takes a node out; false when it was out already. */
  remove(node: ListNode<T>): boolean;
  readonly size: number;
}

/** An empty list. */
export const createLinkedList = <T>(): LinkedList<T> => {
  let first: ListNode<T> | undefined;
  let last: ListNode<T> | undefined;
  let size = 0;

  const remove = (node: ListNode<T>): boolean => {
    if (!node.isLinked) return false;
    if (node.previous === undefined) first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) last = node.previous;
    else node.next.previous = node.previous;
    node.isLinked = false;
    node.previous = undefined;
    node.next = undefined;
    size -= 1;
    return true;
  };

  return {
    push(value) {
      const node: ListNode<T> = { value, previous: last, next: undefined, isLinked: true };
      if (last === undefined) first = node;
      else last.next = node;
      last = node;
      size += 1;
      return node;
    },
    shift() {
      const node = first;
      if (node === undefined) return undefined;
      remove(node);
      return node.value;
    },
    remove,
    get size() {
      return size;
    },
  };
};
