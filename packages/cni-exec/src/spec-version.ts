import { CniError } from "./errors.ts";

/** The versions of the CNI specification that this package speaks, oldest first. */
export const CNI_SPEC_VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;

/** A version of the CNI specification that this package speaks. */
export type CniSpecVersion = (typeof CNI_SPEC_VERSIONS)[number];

/** The newest version of the specification that this package speaks. */
export const CURRENT_SPEC_VERSION: CniSpecVersion = "1.1.0";

/** What a configuration or a result without a version has. */
export const UNVERSIONED: CniSpecVersion = "0.1.0";

/** Whether this package speaks this version of the specification. */
export const isSpecVersion = (version: string): version is CniSpecVersion => (CNI_SPEC_VERSIONS as readonly string[]).includes(version);

const partsOf = (version: string): readonly [number, number, number] => {
  const parts = (version === "" ? UNVERSIONED : version).split(".");
  const numbers = parts.map((part) => (/^[+-]?\d+$/.test(part) ? Number(part) : Number.NaN));
  if (parts.length > 3 || numbers.some((number) => Number.isNaN(number)))
    throw new CniError("invalid-config", `"${version}" is not a version of the CNI specification, which look like 1.1.0`);
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
};

/** The parts of two versions for {@link compareSpecVersions}. */
export interface VersionPair {
  readonly version: string;
  readonly other: string;
}

/**
 * Negative when `version` is older than `other`, 0 when they are the same, positive when it is newer. Missing parts count as 0, no
 * version as 0.1.0.
 * @throws CniError "invalid-config" for what is no version
 */
export const compareSpecVersions = ({ version, other }: VersionPair): number => {
  const [a, b] = [partsOf(version), partsOf(other)];
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
};

/** Whether a version is `minimum` or newer. */
export const isAtLeast = (version: string, minimum: CniSpecVersion): boolean => compareSpecVersions({ version, other: minimum }) >= 0;
