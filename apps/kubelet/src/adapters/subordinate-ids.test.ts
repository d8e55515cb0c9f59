import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSubordinateIds } from "./subordinate-ids.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-subids-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const readWith = async (users: string, script?: string): Promise<unknown> => {
  const command = join(dir, "getsubids");
  if (script !== undefined) {
    await writeFile(command, `#!/bin/sh\n${script}\n`);
    await chmod(command, 0o755);
  }
  await writeFile(join(dir, "passwd"), users);
  return readSubordinateIds({ signal: new AbortController().signal, passwdPath: join(dir, "passwd"), command });
};

const KUBELET = "root:x:0:0::/root:/bin/sh\nkubelet:x:999:999::/:/bin/false\n";

describe("the ids that the operator set aside for pods", () => {
  it("are those of the user kubelet", async () => {
    expect(await readWith(KUBELET, 'echo "0: kubelet 65536 2147483648"')).toEqual({ firstId: 65_536, count: 2_147_483_648 });
  });

  it.each([
    ["there is no such user", "root:x:0:0::/root:/bin/sh\nnot-kubelet:x:1:1:::\n", "exit 1"],
    ["nothing can tell them", KUBELET, undefined],
  ])("are all of the host where %s", async (_name, users, script) => {
    expect(await readWith(users, script)).toBeUndefined();
  });

  it.each([
    ["fails", "exit 3", 'error retrieving additional uids for user "kubelet"'],
    ["tells other groups", 'echo "0: kubelet 65536 ${1#-}$#"', "mismatched subuids and subgids"],
    ["tells two ranges", "echo a; echo b", "it must contain only one line"],
    ["tells nothing", "true", "invalid line"],
    ["tells no numbers", 'echo "0: kubelet x 1"', "invalid line"],
  ])("are not guessed where the program %s", async (_name, script, why) => {
    await expect(readWith(KUBELET, script)).rejects.toThrow(why);
  });

  it("are not guessed where the program is there and cannot be started", async () => {
    await symlink("getsubids", join(dir, "getsubids"));
    await expect(readWith(KUBELET)).rejects.toThrow("cannot start");
  });
});
