import { createPrivateKey, X509Certificate } from "node:crypto";
import { watch } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { createEmitter, noopLogger, systemClock } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import { KubeletApiError } from "../errors.ts";
import type { Changing, KeyPair } from "../ports.ts";

/** Options of files that are read again when they change. */
export interface ChangingFileOptions {
  /** Largest file. Default 1 MiB. */
  readonly maxFileBytes?: number;
  /** A safety net for changes that the file system does not tell, e.g. behind a symbolic link. Default 1 min (as the reference). */
  readonly recheckMs?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** What stands in files now; a content that makes no sense is not taken over. */
export type ChangingFile<T> = Changing<T> & Disposable;

interface Loader<T> {
  readonly paths: readonly string[];
  /** Throws when the contents make no sense. */
  readonly parse: (contents: readonly string[]) => T;
}

const readLimited = async (path: string, limitBytes: number): Promise<string> => {
  await using file = await open(path, "r");
  const buffer = Buffer.alloc(limitBytes + 1);
  let filled = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled);
    if (bytesRead === 0) return buffer.toString("utf8", 0, filled);
    filled += bytesRead;
    if (filled > limitBytes) throw new KubeletApiError("invalid-config", `read ${path}: larger than ${limitBytes} bytes`);
  }
};

/** Directories and not files: a certificate is usually replaced by a rename or by a symbolic link's. */
const watchDirectories = (paths: readonly string[], onEvent: () => void): Disposable => {
  const watchers = [...new Set(paths.map((path) => dirname(path)))].flatMap((directory) => {
    try {
      const watcher = watch(directory, { persistent: false }, onEvent);
      watcher.on("error", () => watcher.close());
      return [watcher];
    } catch {
      return [];
    }
  });
  return {
    [Symbol.dispose]: () => {
      for (const watcher of watchers) watcher.close();
    },
  };
};

const openChanging = async <T>({ paths, parse }: Loader<T>, options: ChangingFileOptions): Promise<ChangingFile<T>> => {
  const { maxFileBytes = 1024 * 1024, recheckMs = 60_000, clock = systemClock, logger = noopLogger } = options;
  const changes = createEmitter<void>();
  const readAll = (): Promise<readonly string[]> => Promise.all(paths.map((path) => readLimited(path, maxFileBytes)));
  const parseOrRefuse = (contents: readonly string[]): T => {
    try {
      return parse(contents);
    } catch (error) {
      throw new KubeletApiError("invalid-config", `${paths.join(", ")} cannot be used`, { cause: error });
    }
  };
  let contents = await readAll().catch((error: unknown) => {
    throw new KubeletApiError("invalid-config", `read ${paths.join(", ")} failed`, { cause: error });
  });
  let value = parseOrRefuse(contents);
  let state: "idle" | "reading" | "again" | "closed" = "idle";
  const isClosed = (): boolean => state === "closed";

  const readOnce = async (): Promise<void> => {
    try {
      const read = await readAll();
      if (isClosed() || read.every((content, index) => content === contents[index])) return;
      value = parseOrRefuse(read);
      contents = read;
      logger.info("file was read again", { paths });
      changes.emit();
    } catch (error) {
      // Between two files' changes they need not fit each other; the next event or the re-check brings the rest.
      logger.warn("changed file is not taken over", { paths, error });
    }
  };
  const reread = async (): Promise<void> => {
    if (state !== "idle") {
      if (state === "reading") state = "again";
      return;
    }
    do {
      state = "reading";
      await readOnce();
      // Set by other calls while this one waited.
    } while ((state as string) === "again");
    if (!isClosed()) state = "idle";
  };
  const watching = watchDirectories(paths, () => void reread());
  let timer: Disposable;
  const arm = (): void => {
    timer = clock.schedule(recheckMs, () => {
      void reread();
      arm();
    });
  };
  arm();
  return {
    current: () => value,
    onChange: (listener) => changes.subscribe(listener),
    [Symbol.dispose]: () => {
      state = "closed";
      timer[Symbol.dispose]();
      watching[Symbol.dispose]();
    },
  };
};

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Checks a bundle of CA certificates. @throws when a certificate cannot be read, or there is none */
export const checkCaBundle = (pem: string): string => {
  const certificates = pem.match(PEM_CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new KubeletApiError("invalid-config", "there is no certificate in the CA bundle");
  for (const certificate of certificates) void new X509Certificate(certificate).fingerprint256;
  return certificates.join("\n");
};

/** Checks that a certificate and a key belong together. @throws when not */
export const checkKeyPair = (pair: KeyPair): KeyPair => {
  const certificate = new X509Certificate(pair.cert);
  if (certificate.checkPrivateKey(createPrivateKey(pair.key))) return pair;
  throw new KubeletApiError("invalid-config", "the key is not the certificate's");
};

/** A serving certificate and its key in two files, or both in one. @throws KubeletApiError "invalid-config" when they can't be used now */
export const openKeyPairFiles = (
  files: { readonly certFile: string; readonly keyFile: string },
  options: ChangingFileOptions = {},
): Promise<ChangingFile<KeyPair>> =>
  openChanging({ paths: [files.certFile, files.keyFile], parse: ([cert = "", key = ""]) => checkKeyPair({ cert, key }) }, options);

/** A bundle of CA certificates in a file. @throws KubeletApiError "invalid-config" when it can't be used now */
export const openCaFile = (path: string, options: ChangingFileOptions = {}): Promise<ChangingFile<string>> =>
  openChanging({ paths: [path], parse: ([pem = ""]) => checkCaBundle(pem) }, options);
