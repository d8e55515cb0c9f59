import { join } from "node:path";
import { packBusyboxLayer, packOciArchive } from "@nk/tool-lab";
import type { Lab, OciImage } from "@nk/tool-lab";
import { writeFile } from "node:fs/promises";

/** Images that recorded pods name and that the lab does not hold; each stands in for what the pod uses of the original. */
const AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.63.0";
const BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1";

const octal = (bytes: readonly number[]): string => bytes.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

/** An HTTP/2 frame (RFC 9113, 4.1). */
const frame = (
  head: { readonly type: number; readonly flags: number; readonly stream: number },
  payload: readonly number[],
): readonly number[] => {
  const { type, flags, stream } = head;
  return [0, payload.length >> 8, payload.length & 255, type, flags, 0, 0, 0, stream, ...payload];
};

const ascii = (text: string): readonly number[] => [...Buffer.from(text, "ascii")];

/** HTTP/2 SETTINGS and their acknowledgement (RFC 9113, 6.5). */
const GREETING = [...frame({ type: 4, flags: 0, stream: 0 }, []), ...frame({ type: 4, flags: 1, stream: 0 }, [])];

/** What a gRPC server that is SERVING answers to the first call of a connection, its headers as HPACK literals (RFC 7541, 6). */
const ANSWER = [
  // :status 200 from the static table; content-type, index 31.
  ...frame({ type: 1, flags: 4, stream: 1 }, [0x88, 0x5f, 16, ...ascii("application/grpc")]),
  // The message: HealthCheckResponse { status: SERVING }.
  ...frame({ type: 0, flags: 0, stream: 1 }, [0, 0, 0, 0, 2, 0x08, 0x01]),
  ...frame({ type: 1, flags: 5, stream: 1 }, [0x40, 11, ...ascii("grpc-status"), 1, ...ascii("0")]),
];

/** One connection: reads frames until the first call's data have come whole, answers, reads on until the client hangs up. */
const GRPC_SCRIPT = `#!/bin/sh
printf '${octal(GREETING)}'
dd bs=1 count=24 of=/dev/null 2>/dev/null
while :; do
  set -- $(dd bs=1 count=9 2>/dev/null | od -An -v -tu1)
  [ $# = 9 ] || exit 0
  length=$(( $1 * 65536 + $2 * 256 + $3 ))
  [ $length = 0 ] || dd bs=1 count=$length of=/dev/null 2>/dev/null
  # A DATA frame with END_STREAM.
  if [ $4 = 0 ] && [ $(( $5 & 1 )) = 1 ]; then
    echo "I$(date '+%m%d %T.000000')       1 log.go:244] Serving the Check request for health check, started at $STARTED" > /proc/1/fd/1
    printf '${octal(ANSWER)}'
  fi
done
`;

/**
 * \`agnhost grpc-health-checking\`: HTTP on 8080 without a page at /, gRPC health on 5000. It listens a moment after its start, so that the first probe
 * finds nobody, as in the recording.
 */
const AGNHOST_SCRIPT = `#!/bin/sh
[ "$1" = grpc-health-checking ] || { echo "this stand-in does not know $1" >&2; exit 1; }
trap 'exit 143' TERM
export STARTED="$(date)"
say() { echo "I$(date '+%m%d %T.000000')       1 log.go:244] $*"; }
sleep 0.3
mkdir -p /tmp/empty
httpd -p 8080 -h /tmp/empty
say "Http server starting to listen on :8080"
nc -ll -p 5000 -e /grpc-health &
say "gRPC server starting to listen on :5000"
while :; do wait; done
`;

const SHELL = { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], Cmd: ["sh"] };

/** Puts the stand-ins into the lab. */
export const importStandIns = async (lab: Lab): Promise<void> => {
  const programs = [
    { path: "agnhost", text: AGNHOST_SCRIPT },
    { path: "grpc-health", text: GRPC_SCRIPT },
  ];
  const images: readonly OciImage[] = [
    { name: AGNHOST, layer: await packBusyboxLayer(undefined, programs), config: SHELL },
    // Another configuration makes another image: two names of one image would show up in each other's statuses.
    { name: BUSYBOX, layer: await packBusyboxLayer(), config: { ...SHELL, Labels: { "stand-in": "busybox" } } },
  ];
  const archive = join(lab.dir, "stand-ins.tar");
  await writeFile(archive, await packOciArchive(images));
  await lab.ctr(["images", "import", archive]);
};
