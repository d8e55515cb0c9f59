/** Something in the configuration that does not keep nk from starting. */
export interface ConfigWarning {
  readonly message: string;
  readonly file?: string | undefined;
  /** Counted from 1. */
  readonly line?: number | undefined;
}

/** "/etc/kubelet.yaml:3: unknown field ..." */
export const formatWarning = (warning: ConfigWarning): string => {
  if (warning.file === undefined) return warning.message;
  return `${warning.file}${warning.line === undefined ? "" : `:${warning.line}`}: ${warning.message}`;
};
