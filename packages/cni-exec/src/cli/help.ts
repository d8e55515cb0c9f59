/** What `cni-exec --help` prints. */
export const HELP = `cni-exec: runs CNI network plugins

usage:
  cni-exec add      NETWORK CONTAINER_ID NETNS    attach a container; prints the result
  cni-exec del      NETWORK CONTAINER_ID [NETNS]  detach it; works again and again
  cni-exec check    NETWORK CONTAINER_ID [NETNS]  is the attachment as it was made?
  cni-exec status   NETWORK                       can containers be attached? (CNI 1.1)
  cni-exec gc       NETWORK --valid ID[:IFNAME]... | --none-valid
                                                  delete every other attachment of the network
  cni-exec version  PLUGIN...                     the versions that plugins support
  cni-exec validate [NETWORK]                     what keeps a network, or any of them, from working

NETWORK is a network's name in the configuration directory, or the path of a file (with a "/" in it).
NETNS is the path of a network namespace, such as /run/netns/blue.

options:
  --conf-dir DIR      configurations; default $NETCONFPATH or /etc/cni/net.d
  --plugin-dir DIR    plugins; may be given again; default $CNI_PATH or /opt/cni/bin and /usr/lib/cni
  --cache-dir DIR     results; default /var/lib/cni
  --ifname NAME       the interface inside the container; default eth0
  --arg KEY=VALUE     for CNI_ARGS; may be given again
  --cap NAME=JSON     a capability argument, e.g. --cap 'mac="c2:11:22:33:44:55"'; may be given again
  --timeout DURATION  for each run of a plugin, e.g. 30s; default 60s
  --json              machine-readable output, errors too
  --verbose           what plugins write to stderr
  --help              this text

exit codes: 0 done, 1 failed, 2 wrong usage
`;
