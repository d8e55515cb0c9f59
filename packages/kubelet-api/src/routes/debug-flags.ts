import { KubeletApiError } from "../errors.ts";
import type { VerbosityPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

const PLAIN = { "Content-Type": "text/plain" };

const parseLevel = (text: string): number => {
  const level = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (level < 2 ** 32) return level;
  const why = /^\d+$/.test(text) ? "value out of range" : "invalid syntax";
  throw new KubeletApiError("bad-request", `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}\n`, { headers: PLAIN });
};

/** `PUT /debug/flags/v`: how much is logged, as a number in the body. */
export const debugFlagsRoute = (verbosity: VerbosityPort): Route => ({
  path: "/debug/flags/v",
  methods: "any",
  isLocalOnly: true,
  readsBody: true,
  serve: async (request, response) => {
    if (request.method !== "PUT") throw new KubeletApiError("not-acceptable", "unsupported http method\n", { headers: PLAIN });
    const text = (await request.readBody({ limitBytes: 64 })).toString();
    const level = parseLevel(text);
    verbosity.changeVerbosity(level);
    sendText(response, `successfully set klog.logging.verbosity to ${text}\n`, "text/plain");
  },
});
