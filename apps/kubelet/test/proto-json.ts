import { MountPropagation, NamespaceMode, Protocol, SecurityProfile_ProfileType, Signal, SupplementalGroupsPolicy } from "@nk/cri-api";

/** JSON as the recordings hold it: snake case, defaults absent, 64-bit integers as strings, enums by name. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

const ENUMS: { readonly [field: string]: { readonly [name: string]: number } } = {
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

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);

const convertValue = (field: string, value: unknown): Json | undefined => {
  const names = ENUMS[field];
  if (names !== undefined) return value === 0 ? undefined : Object.keys(names).find((name) => names[name] === value);
  if (typeof value === "bigint") return value === 0n ? undefined : `${value}`;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value === "" || value === 0 || value === false ? undefined : value;
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value))
    return value.length === 0 ? undefined : value.map((element: unknown) => convertValue("", element) ?? String(element));
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
