import { isIPv4 } from "node:net";

/** Where cluster addresses of services come from, as with a kubeadm cluster. */
export const SERVICE_CIDR = { text: "10.96.0.0/16", first: [10, 96], size: 65_536 } as const;

/** The address at that place in the range. */
export const addressOf = (index: number): string => `${SERVICE_CIDR.first.join(".")}.${index >> 8}.${index & 255}`;

/** Its place in the range; undefined when it is not in it. */
export const addressIndex = (address: string): number | undefined => {
  const [a, b, c = 0, d = 0] = address.split(".").map(Number);
  return isIPv4(address) && a === SERVICE_CIDR.first[0] && b === SERVICE_CIDR.first[1] ? c * 256 + d : undefined;
};
