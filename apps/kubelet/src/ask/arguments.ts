import { AskError } from "./ask-error.ts";

export const USAGE = `usage: kubelet explain pod [NAMESPACE/]NAME [options] [the kubelet's flags]
       kubelet timeline pod [NAMESPACE/]NAME [options] [the kubelet's flags]

Asks the kubelet that runs on this machine what it is doing with a pod (explain), or how the pod's start went (timeline).
The kubelet's own flags, above all --config, say where it listens: give those it was started with. Default of --config, where
there is such a file: /var/lib/kubelet/config.yaml.

  --json                        the answer as JSON
  --server URL                  ask there instead: https://HOST:10250
  --user-kubeconfig FILE        who asks; default: $KUBECONFIG, /etc/kubernetes/admin.conf, the kubelet's own --kubeconfig
  --client-certificate FILE, --client-key FILE, --token-file FILE
                                who asks, said directly
  --certificate-authority FILE  who signed the kubelet's certificate; default, on this machine: the certificate itself
  --insecure-skip-tls-verify    take any certificate
  --help                        this text

Whoever asks needs nodes/proxy. The read-only port, where there is one, needs nothing. Exit codes: 0 answered, 1 failed, 2 usage.
`;

const TEXT_OPTIONS = ["server", "user-kubeconfig", "client-certificate", "client-key", "token-file", "certificate-authority"] as const;
const BOOL_OPTIONS = ["json", "insecure-skip-tls-verify", "help"] as const;

type TextOption = (typeof TEXT_OPTIONS)[number];
type BoolOption = (typeof BOOL_OPTIONS)[number];

/** A command line, read. */
export interface AskArguments {
  readonly verb: "explain" | "timeline";
  readonly namespace: string;
  readonly name: string;
  readonly options: { readonly [option in TextOption]?: string };
  readonly isJson: boolean;
  readonly skipsTlsVerify: boolean;
  /** What is not ours: the kubelet's flags, which say where it listens. */
  readonly kubeletArgv: readonly string[];
}

const misuse = (message: string): AskError => new AskError("usage", `${message}; see --help`);

const oneOf = <T extends string>(names: readonly T[], name: string): T | undefined => names.find((one) => one === name);

interface Sorted {
  readonly words: string[];
  readonly texts: { [option in TextOption]?: string };
  readonly switches: Set<BoolOption>;
  readonly others: string[];
}

/** The first two words after the verb are ours; what else is no option of ours is the kubelet's, values that stand apart included. */
const sortArguments = (argv: readonly string[]): Sorted => {
  const sorted: Sorted = { words: [], texts: {}, switches: new Set(), others: [] };
  const rest = [...argv];
  while (rest.length > 0) {
    const argument = rest.shift() ?? "";
    const [, flag = "", value] = /^--([^=]+)(?:=(.*))?$/su.exec(argument) ?? [];
    const text = oneOf(TEXT_OPTIONS, flag);
    const bool = argument === "-h" ? "help" : oneOf(BOOL_OPTIONS, flag);
    if (text !== undefined) {
      const given = value ?? rest.shift();
      if (given === undefined || given === "") throw misuse(`--${text} needs a value`);
      sorted.texts[text] = given;
    } else if (bool !== undefined) {
      if (value !== undefined && value !== "true" && value !== "false") throw misuse(`--${bool} is either true or false`);
      if (value !== "false") sorted.switches.add(bool);
    } else if (!argument.startsWith("-") && sorted.words.length < 2 && sorted.others.length === 0) {
      sorted.words.push(argument);
    } else {
      sorted.others.push(argument);
    }
  }
  return sorted;
};

/** Names that Kubernetes allows, so that nothing climbs out of the request's path. */
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/u;

const readPodName = (text: string): { readonly namespace: string; readonly name: string } => {
  const [first = "", second, ...more] = text.split("/");
  const [namespace, name] = second === undefined ? ["default", first] : [first, second];
  if (more.length > 0 || !NAME.test(namespace) || !NAME.test(name))
    throw misuse(`${JSON.stringify(text.slice(0, 100))} is not [NAMESPACE/]NAME of a pod`);
  return { namespace, name };
};

/** Reads the arguments from the verb on; `help` when that is what is wanted. Throws an {@link AskError} `usage`. */
export const parseAskArguments = (verb: "explain" | "timeline", argv: readonly string[]): AskArguments | "help" => {
  const { words, texts, switches, others } = sortArguments(argv);
  if (switches.has("help")) return "help";
  const [kind, podName] = words;
  if (kind === undefined || podName === undefined) throw misuse(`${verb} what? ${verb} pod NAMESPACE/NAME`);
  if (kind !== "pod" && kind !== "pods") throw misuse(`${verb} knows pods, not ${JSON.stringify(kind.slice(0, 100))}`);
  if ((texts["client-certificate"] === undefined) !== (texts["client-key"] === undefined))
    throw misuse("--client-certificate and --client-key go together");
  return {
    verb,
    ...readPodName(podName),
    options: texts,
    isJson: switches.has("json"),
    skipsTlsVerify: switches.has("insecure-skip-tls-verify"),
    kubeletArgv: others,
  };
};
