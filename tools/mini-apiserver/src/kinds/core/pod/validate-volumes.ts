import type { KeyToPath, Volume, VolumeProjection } from "@nk/pod-model";
import { duplicate, invalid, notAllowed, notSupported, required } from "../../field-error.ts";
import type { FieldError } from "../../field-error.ts";
import { checkLabel, checkSubdomain } from "../../names.ts";

const HOST_PATH_TYPES: readonly string[] = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];
const MODE_TEXT = "must be a number between 0 and 0777 (octal), both inclusive";

const validateMode = (mode: number | undefined, field: string): readonly FieldError[] =>
  mode === undefined || (mode >= 0 && mode <= 0o777) ? [] : [invalid(field, mode, MODE_TEXT)];

/** A relative path that stays where it is. */
export const validateLocalPath = (path: string, field: string): readonly FieldError[] => [
  ...(path.startsWith("/") ? [invalid(field, path, "must be a relative path")] : []),
  ...(path.split("/").includes("..") ? [invalid(field, path, "must not contain '..'")] : []),
];

const validateItems = (items: readonly KeyToPath[] | undefined, field: string): readonly FieldError[] =>
  (items ?? []).flatMap((item, index) => [
    ...(item.key === "" ? [required(`${field}[${index}].key`)] : []),
    ...(item.path === "" ? [required(`${field}[${index}].path`)] : validateLocalPath(item.path, `${field}[${index}].path`)),
    ...validateMode(item.mode, `${field}[${index}].mode`),
  ]);

const MIN_TOKEN_SECONDS = 600;

const validateProjection = (source: VolumeProjection, field: string): readonly FieldError[] => {
  const { secret, configMap, serviceAccountToken } = source;
  const kinds = Object.keys(source);
  if (kinds.length > 1)
    return kinds.slice(1).map((kind) => notAllowed(`${field}.${kind}`, "may not specify more than 1 volume type per source"));
  return [
    ...(secret === undefined
      ? []
      : [...(secret.name ? [] : [required(`${field}.name`)]), ...validateItems(secret.items, `${field}.secret.items`)]),
    ...(configMap === undefined
      ? []
      : [...(configMap.name ? [] : [required(`${field}.name`)]), ...validateItems(configMap.items, `${field}.configMap.items`)]),
    ...(serviceAccountToken === undefined
      ? []
      : [
          ...((serviceAccountToken.expirationSeconds ?? 0) < MIN_TOKEN_SECONDS
            ? [
                invalid(
                  `${field}.serviceAccountToken.expirationSeconds`,
                  serviceAccountToken.expirationSeconds,
                  "may not specify a duration less than 10 minutes",
                ),
              ]
            : []),
          ...(serviceAccountToken.path === "" ? [required(`${field}.serviceAccountToken.path`)] : []),
        ]),
  ];
};

/** One entry per volume source that is checked further than that it is the only one. */
const SOURCES: { readonly [K in keyof Volume]?: (source: NonNullable<Volume[K]>, field: string) => readonly FieldError[] } = {
  hostPath: ({ path, type }, field) => [
    ...(path === "" ? [required(`${field}.path`)] : []),
    ...(path.split("/").includes("..") ? [invalid(`${field}.path`, path, "must not contain '..'")] : []),
    ...(type === undefined || HOST_PATH_TYPES.includes(type) ? [] : [notSupported(`${field}.type`, type, HOST_PATH_TYPES)]),
  ],
  secret: ({ secretName, defaultMode, items }, field) => [
    ...(secretName ? [] : [required(`${field}.secretName`)]),
    ...validateMode(defaultMode, `${field}.defaultMode`),
    ...validateItems(items, `${field}.items`),
  ],
  configMap: ({ name, defaultMode, items }, field) => [
    ...(name ? [] : [required(`${field}.name`)]),
    ...validateMode(defaultMode, `${field}.defaultMode`),
    ...validateItems(items, `${field}.items`),
  ],
  persistentVolumeClaim: ({ claimName }, field) => (claimName === "" ? [required(`${field}.claimName`)] : []),
  downwardAPI: ({ defaultMode }, field) => validateMode(defaultMode, `${field}.defaultMode`),
  projected: ({ defaultMode, sources = [] }, field) => [
    ...validateMode(defaultMode, `${field}.defaultMode`),
    ...sources.flatMap((source, index) => validateProjection(source, `${field}.sources[${index}]`)),
  ],
  csi: ({ driver }, field) => (driver === "" ? [required(`${field}.driver`)] : []),
  nfs: ({ server, path }, field) => [
    ...(server === "" ? [required(`${field}.server`)] : []),
    ...(path === ""
      ? [required(`${field}.path`)]
      : path.startsWith("/")
        ? []
        : [invalid(`${field}.path`, path, "must be an absolute path")]),
  ],
  emptyDir: ({ sizeLimit }, field) =>
    sizeLimit?.startsWith("-") === true ? [notAllowed(`${field}.sizeLimit`, "SizeLimit field must be a valid resource quantity")] : [],
};

const applySource = <K extends keyof Volume>(volume: Volume, kind: K, field: string): readonly FieldError[] => {
  const source = volume[kind];
  return source === undefined ? [] : (SOURCES[kind]?.(source as NonNullable<Volume[K]>, `${field}.${kind}`) ?? []);
};

/** The order in which the reference looks; what is not named here comes last. */
const SOURCE_ORDER: readonly string[] =
  "emptyDir,hostPath,gitRepo,secret,nfs,iscsi,persistentVolumeClaim,downwardAPI,configMap,projected,csi,ephemeral,image".split(",");

const rankOf = (kind: string): number => (SOURCE_ORDER.includes(kind) ? SOURCE_ORDER.indexOf(kind) : SOURCE_ORDER.length);

const validateSource = (volume: Volume, field: string): readonly FieldError[] => {
  const kinds = (Object.keys(volume) as (keyof Volume)[]).filter((kind) => kind !== "name" && volume[kind] !== undefined);
  const [first, ...more] = kinds.toSorted((a, b) => rankOf(a) - rankOf(b));
  if (first === undefined) return [required(field, "must specify a volume type")];
  return [
    ...applySource(volume, first, field),
    ...more.map((kind) => notAllowed(`${field}.${kind}`, "may not specify more than 1 volume type")),
  ];
};

/** Names and sources of a pod's volumes; also the names of those that may be mounted. */
export const validateVolumes = (
  volumes: readonly Volume[],
): { readonly errors: readonly FieldError[]; readonly names: ReadonlySet<string> } => {
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, volume] of volumes.entries()) {
    const field = `spec.volumes[${index}]`;
    const own = [
      ...validateSource(volume, field),
      ...(volume.name === ""
        ? [required(`${field}.name`)]
        : checkLabel(volume.name).map((text) => invalid(`${field}.name`, volume.name, text))),
      ...(names.has(volume.name) ? [duplicate(`${field}.name`, volume.name)] : []),
    ];
    if (own.length === 0) names.add(volume.name);
    errors.push(...own);
  }
  return { errors, names };
};

/** References to other objects by name. */
export const validateReference = (name: string | undefined, field: string): readonly FieldError[] =>
  !name ? [required(field)] : checkSubdomain(name).map((text) => invalid(field, name, text));
