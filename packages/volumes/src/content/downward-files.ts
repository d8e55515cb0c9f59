import type { DownwardAPIVolumeFile, Pod } from "@nk/pod-model";
import { joinErrors, toVolumesError, VolumesError } from "../errors.ts";
import type { CallOptions, FieldPort } from "../ports.ts";
import type { Files } from "./object-files.ts";
import { quoteText } from "./quote-text.ts";
import type { FileContent } from "./payload.ts";

/** `key="value"` per line, sorted by key, without a last line feed (pkg/fieldpath, FormatMap). */
export const formatMap = (map: { readonly [key: string]: string } | undefined): string =>
  Object.entries(map ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${quoteText(value)}`)
    .join("\n");

/** A volume knows fewer fields than an environment: those of the metadata. */
const VOLUME_FIELD = /^metadata\.(name|namespace|uid|(labels|annotations)\['.*'\])$/su;

const readItem = async (item: DownwardAPIVolumeFile, pod: Pod, options: CallOptions & { readonly fields: FieldPort }): Promise<string> => {
  const { fieldRef, resourceFieldRef } = item;
  if (fieldRef?.fieldPath === "metadata.labels") return formatMap(pod.metadata?.labels);
  if (fieldRef?.fieldPath === "metadata.annotations") return formatMap(pod.metadata?.annotations);
  if (fieldRef !== undefined) {
    if (!VOLUME_FIELD.test(fieldRef.fieldPath)) throw new VolumesError("field", `unsupported fieldPath: ${fieldRef.fieldPath}`);
    return options.fields.fieldValue(pod, fieldRef);
  }
  return resourceFieldRef === undefined ? "" : options.fields.resourceFieldValue(pod, resourceFieldRef, { signal: options.signal });
};

/** The files of a downward API volume. Rejects with `field`, for all items that have no value at once. */
export const gatherDownward = async (
  pod: Pod,
  selection: { readonly items: readonly DownwardAPIVolumeFile[]; readonly defaultMode: number },
  options: CallOptions & { readonly fields: FieldPort },
): Promise<Files> => {
  const errors: VolumesError[] = [];
  const files: (readonly [string, FileContent])[] = [];
  for (const item of selection.items) {
    try {
      const text = await readItem(item, pod, options);
      files.push([item.path, { data: Buffer.from(text, "utf8"), mode: item.mode ?? selection.defaultMode }]);
    } catch (error) {
      options.signal?.throwIfAborted();
      errors.push(toVolumesError(error, "field"));
    }
  }
  const failure = joinErrors(errors);
  if (failure !== undefined) throw failure;
  return files;
};
