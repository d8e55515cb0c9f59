/** Whether a pod may run here; a rejection becomes status Failed with the reason, and the message after "Pod was rejected: ". */
export type AdmitResult = { readonly admit: true } | { readonly admit: false; readonly reason: string; readonly message: string };

export const ADMITTED: AdmitResult = { admit: true };
