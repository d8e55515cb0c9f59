import { MountPropagation, NamespaceMode, Protocol, SecurityProfile_ProfileType, Signal, SupplementalGroupsPolicy } from "@nk/cri-api";

/** JSON as the recordings hold it: snake case, defaults absent, 64-bit integers as strings, enums by name. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

type Enum = { readonly [name: string]: number };

const ENUMS: { readonly [field: string]: Enum } = {
  protocol: Protocol,
  propagation: MountPropagation,
  profileType: SecurityProfile_ProfileType,
  network: NamespaceMode,
  pid: NamespaceMode,
  ipc: NamespaceMode,
  mode: NamespaceMode,
  supplementalGroupsPolicy: SupplementalGroupsPolicy,
  stopSignal: Signal,
};

/** Fields that are maps from strings: their keys are data. */
const MAPS: ReadonlySet<string> = new Set(["labels", "annotations", "sysctls", "unified"]);

const snakeCase = (name: string): string =>
  name === "CDIDevices" ? "CDI_devices" : name.replaceAll(/[A-Z]/gu, (c) => `_${c.toLowerCase()}`);

const convertValue = (field: string, value: unknown): Json | undefined => {
  const names = ENUMS[field];
  if (names !== undefined) return value === 0 ? undefined : Object.keys(names).find((name) => names[name] === value);
  if (typeof value === "bigint") return value === 0n ? undefined : `${value}`;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value === "" || value === 0 || value === false ? undefined : value;
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return undefined;
    // An element is never left out, whatever its value.
    return value.map((element) => (typeof element === "bigint" ? `${element}` : (convertValue("", element) ?? element)));
  }
  if (value === undefined || value === null) return undefined;
  if (MAPS.has(field)) return Object.keys(value).length === 0 ? undefined : (value as Json);
  return toProtoJson(value);
};

/** A CRI message as the recordings spell it. A message that is set but empty stays as `{}`. */
export const toProtoJson = (message: object): { readonly [key: string]: Json } => {
  const json: { [key: string]: Json } = {};
  for (const [field, value] of Object.entries(message)) {
    const converted = convertValue(field, value);
    if (converted !== undefined) json[snakeCase(field)] = converted;
  }
  return json;
};

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } => typeof value === "object" && !Array.isArray(value);

/** One place where two messages differ; undefined where one has nothing. */
export interface Difference {
  readonly path: string;
  readonly recorded: Json | undefined;
  readonly ours: Json | undefined;
}

/** Every difference, by path. Lists are compared as a whole, so that order counts. */
export const compareJson = (recorded: Json | undefined, ours: Json | undefined, path = ""): readonly Difference[] => {
  if (isObject(recorded) && isObject(ours)) {
    const keys = new Set([...Object.keys(recorded), ...Object.keys(ours)]);
    return [...keys].flatMap((key) => compareJson(recorded[key], ours[key], path === "" ? key : `${path}.${key}`));
  }
  const isEqual = JSON.stringify(sortKeys(recorded)) === JSON.stringify(sortKeys(ours));
  return isEqual ? [] : [{ path, recorded, ours }];
};

const sortKeys = (value: Json | undefined): Json | undefined => {
  if (Array.isArray(value)) return value.map((element) => sortKeys(element) ?? "");
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, element]) => [key, sortKeys(element) ?? ""]),
  );
};
