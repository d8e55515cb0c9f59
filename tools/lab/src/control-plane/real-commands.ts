import { join } from "node:path";
import { requireAsset } from "./assets.ts";
import type { KeyPairFiles } from "./pki.ts";

/** The processes of a real control plane, in the order in which they are started. */
export const COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
export type Component = (typeof COMPONENTS)[number];

/** Where they listen, all on 127.0.0.1 unless said otherwise. */
export interface RealPorts {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly api: number;
  readonly controllerManager: number;
  readonly scheduler: number;
}

/** All that the command lines are made from. */
export interface RealSetup {
  readonly assetsDir: string;
  readonly dir: string;
  readonly ports: RealPorts;
  readonly bindAddress: string;
  /** Where pods find the API; a loopback address is refused. */
  readonly advertiseAddress: string;
  readonly serviceCidr: string;
  readonly ca: KeyPairFiles;
  readonly serving: KeyPairFiles;
  readonly kubeletClient: KeyPairFiles;
  readonly tokenKeys: { readonly privateKey: string; readonly publicKey: string };
  /** The aggregation layer's. */
  readonly frontProxy: { readonly ca: string; readonly client: KeyPairFiles };
  readonly kubeconfigs: { readonly controllerManager: string; readonly scheduler: string };
}

type Argv = readonly [string, ...string[]];

const etcdArgv = ({ assetsDir, dir, ports }: RealSetup): Argv => {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    requireAsset(assetsDir, "etcd"),
    "--name=lab",
    `--data-dir=${join(dir, "etcd")}`,
    "--logger=zap",
    "--log-level=warn",
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=lab=${peer}`,
    // A lab's data need not outlive the machine.
    "--unsafe-no-fsync",
  ];
};

const apiServerArgv = (setup: RealSetup): Argv => {
  const { assetsDir, ports, ca, serving, kubeletClient, tokenKeys, frontProxy } = setup;
  return [
    requireAsset(assetsDir, "kube-apiserver"),
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    `--bind-address=${setup.bindAddress}`,
    `--secure-port=${ports.api}`,
    `--advertise-address=${setup.advertiseAddress}`,
    `--tls-cert-file=${serving.cert}`,
    `--tls-private-key-file=${serving.key}`,
    `--client-ca-file=${ca.cert}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--enable-bootstrap-token-auth=true",
    `--kubelet-client-certificate=${kubeletClient.cert}`,
    `--kubelet-client-key=${kubeletClient.key}`,
    "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
    `--requestheader-client-ca-file=${frontProxy.ca}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
    `--proxy-client-cert-file=${frontProxy.client.cert}`,
    `--proxy-client-key-file=${frontProxy.client.key}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${tokenKeys.publicKey}`,
    `--service-account-signing-key-file=${tokenKeys.privateKey}`,
    `--service-cluster-ip-range=${setup.serviceCidr}`,
    "--allow-privileged=true",
  ];
};

const identityFlags = (kubeconfig: string, port: number): readonly string[] => [
  `--kubeconfig=${kubeconfig}`,
  `--authentication-kubeconfig=${kubeconfig}`,
  `--authorization-kubeconfig=${kubeconfig}`,
  "--bind-address=127.0.0.1",
  `--secure-port=${port}`,
  "--leader-elect=false",
];

const controllerManagerArgv = (setup: RealSetup): Argv => {
  const { assetsDir, ports, ca, tokenKeys, kubeconfigs } = setup;
  return [
    requireAsset(assetsDir, "kube-controller-manager"),
    ...identityFlags(kubeconfigs.controllerManager, ports.controllerManager),
    `--client-ca-file=${ca.cert}`,
    `--root-ca-file=${ca.cert}`,
    `--service-account-private-key-file=${tokenKeys.privateKey}`,
    `--cluster-signing-cert-file=${ca.cert}`,
    `--cluster-signing-key-file=${ca.key}`,
    "--use-service-account-credentials=true",
    `--service-cluster-ip-range=${setup.serviceCidr}`,
    "--controllers=*,bootstrapsigner,tokencleaner",
  ];
};

const schedulerArgv = ({ assetsDir, ports, kubeconfigs }: RealSetup): Argv => [
  requireAsset(assetsDir, "kube-scheduler"),
  ...identityFlags(kubeconfigs.scheduler, ports.scheduler),
];

const ARGV: { readonly [K in Component]: (setup: RealSetup) => Argv } = {
  etcd: etcdArgv,
  "kube-apiserver": apiServerArgv,
  "kube-controller-manager": controllerManagerArgv,
  "kube-scheduler": schedulerArgv,
};

/** The command line of a component. Every one names a file below the control plane's folder: by that a sweep knows it. */
export const componentArgv = (component: Component, setup: RealSetup): Argv => ARGV[component](setup);

/** Where a component says that it is ready, for those that are not asked through the API's own client. */
export const readinessUrl = (component: Component, ports: RealPorts): string | undefined => {
  switch (component) {
    case "etcd":
      return `http://127.0.0.1:${ports.etcd}/health`;
    case "kube-controller-manager":
      return `https://127.0.0.1:${ports.controllerManager}/healthz`;
    case "kube-scheduler":
      return `https://127.0.0.1:${ports.scheduler}/readyz`;
    case "kube-apiserver":
      return undefined;
  }
};
