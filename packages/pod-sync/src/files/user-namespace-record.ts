/** Ids from `firstId` on. */
export interface IdRange {
  readonly firstId: number;
  readonly count: number;
}

const MAX_ID_COUNT = 2 ** 32;
const FIRST_POD_ID = 65_536;

const isObject = (value: unknown): value is { readonly [key: string]: unknown } => typeof value === "object" && value !== null;

const isId = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value < MAX_ID_COUNT;

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The file's content; the fields are the reference's (pkg/kubelet/userns), so that either kubelet can take over from the other. */
export const renderIdRange = ({ firstId, count }: IdRange): string => {
  const ids = [{ hostId: firstId, containerId: 0, length: count }];
  return JSON.stringify({ uidMappings: ids, gidMappings: ids });
};

/** The range that a record holds, or why it is none that a kubelet gave away. */
export const parseIdRange = (text: string): IdRange | { readonly problem: string } => {
  const content = parseJson(text);
  if (!isObject(content)) return { problem: "invalid user namespace mappings file" };
  const invalid = (why: string): { readonly problem: string } => ({ problem: `invalid user namespace configuration: ${why}` });
  const { uidMappings, gidMappings } = content;
  if (!Array.isArray(uidMappings) || uidMappings.length !== 1) return invalid("no more than one mapping allowed");
  const [mapping]: readonly unknown[] = uidMappings;
  if (JSON.stringify(uidMappings) !== JSON.stringify(gidMappings)) return invalid("GID and UID mappings should be identical");
  if (!isObject(mapping)) return invalid("the mapping is no object");
  const { hostId, containerId, length } = mapping;
  if (containerId !== 0) return invalid("UID 0 must be mapped");
  if (!isId(length) || length === 0) return invalid(`wrong user namespace length ${JSON.stringify(length)}`);
  // Never the host's own users.
  if (!isId(hostId) || hostId < FIRST_POD_ID || hostId + length > MAX_ID_COUNT)
    return invalid(`id ${JSON.stringify(hostId)} is out of range`);
  return { firstId: hostId, count: length };
};
