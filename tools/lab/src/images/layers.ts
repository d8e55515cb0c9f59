import { readFile } from "node:fs/promises";
import { packTar } from "modern-tar";
import type { TarEntry } from "modern-tar";
import { runCommand } from "../command.ts";
import { LabError } from "../errors.ts";
import { EPOCH } from "./oci-archive.ts";

const directory = (name: string, mode = 0o755): TarEntry => ({
  header: { name: `${name}/`, size: 0, mode, mtime: EPOCH, type: "directory" },
});

const file = (name: string, body: string | Uint8Array, mode = 0o644): TarEntry => {
  const data = typeof body === "string" ? Buffer.from(body) : body;
  return { header: { name, size: data.length, mode, mtime: EPOCH, type: "file" }, body: data };
};

const link = (name: string, target: string): TarEntry => ({
  header: { name, size: 0, mode: 0o777, mtime: EPOCH, type: "symlink", linkname: target },
});

/** A dynamically linked program would need the host's libraries inside the image. */
const readStaticBinary = async (path: string, packageName: string): Promise<Uint8Array> => {
  let data: Buffer;
  try {
    data = await readFile(path);
  } catch (cause) {
    throw new LabError("package-missing", `${path} is missing: install the Debian package ${packageName}`, { cause });
  }
  if (data.includes("/ld-linux") || data.includes("/ld-musl")) {
    throw new LabError("host-unfit", `${path} is not statically linked: install the Debian package ${packageName}`);
  }
  return data;
};

const PASSWD = [
  "root:x:0:0:root:/root:/bin/sh",
  "daemon:x:1:1:daemon:/usr/sbin:/bin/false",
  "www-data:x:33:33:www-data:/var/www:/bin/false",
  "app:x:1000:1000:app:/home/app:/bin/sh",
  "nobody:x:65534:65534:nobody:/:/bin/false",
  "",
].join("\n");

const GROUP = ["root:x:0:", "daemon:x:1:", "www-data:x:33:", "app:x:1000:", "extra:x:2000:app", "nogroup:x:65534:", ""].join("\n");

/** A program to add to an image. */
export interface AddedProgram {
  /** Relative to the root, e.g. `bin/hello`. */
  readonly path: string;
  readonly text: string;
}

/** The layer of the busybox images: the host's static busybox, a link for every applet, a few users, and what is added. */
export const packBusyboxLayer = async (signal?: AbortSignal, added: readonly AddedProgram[] = []): Promise<Uint8Array> => {
  const binary = await readStaticBinary("/bin/busybox", "busybox-static");
  const applets = (await runCommand(["/bin/busybox", "--list"], { signal }))
    .split("\n")
    .filter((name) => /^[\w[.-]+$/.test(name) && name !== "busybox");
  const nobodysHome = { uid: 1000, gid: 1000 };
  const home = directory("home/app");
  return packTar([
    ...["bin", "dev", "etc", "home", "proc", "sys", "usr", "usr/bin", "var", "var/www"].map((name) => directory(name)),
    { ...home, header: { ...home.header, ...nobodysHome } },
    directory("root", 0o700),
    directory("tmp", 0o1777),
    file("bin/busybox", binary, 0o755),
    ...applets.toSorted().map((name) => link(`bin/${name}`, "busybox")),
    link("usr/bin/env", "../../bin/busybox"),
    file("etc/passwd", PASSWD),
    file("etc/group", GROUP),
    file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    file("etc/os-release", 'NAME="nk lab busybox"\nID=nk-lab\n'),
    file("var/www/index.html", "hello from nk\n"),
    ...added.map(({ path, text }) => file(path, text, 0o755)),
  ]);
};

/** The layer of the pause image: catatonit, which reaps orphans and waits for a signal. */
export const packPauseLayer = async (): Promise<Uint8Array> =>
  packTar([file("catatonit", await readStaticBinary("/usr/bin/catatonit", "catatonit"), 0o755)]);
