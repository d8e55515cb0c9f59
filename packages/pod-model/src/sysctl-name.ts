/**
 * A sysctl's name with dots: `net/ipv4/conf/eth0.1/x` is `net.ipv4.conf.eth0/1.x`. The first separator decides how a name is written
 * (sysctl.d(5)).
 */
export const dottedSysctlName = (name: string): string =>
  /[./]/.exec(name)?.[0] === "/" ? name.replaceAll(/[./]/g, (separator) => (separator === "/" ? "." : "/")) : name;
