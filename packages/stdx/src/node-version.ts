/** What `engines` of all packages asks for. */
const [MINIMUM_MAJOR, MINIMUM_MINOR] = [22, 19];

/** The part of `process` that {@link refuseOldNode} looks at. */
export interface VersionedProcess {
  readonly versions: { readonly node: string };
  readonly stderr: { write(text: string): unknown };
  exit(code: number): unknown;
}

/**
 * Ends a command on a Node older than its package's `engines` with a sentence and exit code 1: npm only warns of it while it installs,
 * and what a Node lacks shows halfway through the work.
 */
export const refuseOldNode = (host: VersionedProcess, { name }: { readonly name: string }): void => {
  const { node } = host.versions;
  const [major = 0, minor = 0] = node.split(".").map(Number);
  if (major > MINIMUM_MAJOR || (major === MINIMUM_MAJOR && minor >= MINIMUM_MINOR)) return;
  host.stderr.write(`${name}: Node ${MINIMUM_MAJOR}.${MINIMUM_MINOR} or newer is needed, and this is ${node}\n`);
  host.exit(1);
};
