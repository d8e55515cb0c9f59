/** Promise.all that waits for the others when one rejects, with the first one's reason: nothing goes on behind the caller's back. */
export const joinAll = async <T extends readonly unknown[]>(work: { readonly [K in keyof T]: Promise<T[K]> }): Promise<T> => {
  await Promise.allSettled(work);
  return (await Promise.all(work)) as unknown as T;
};
