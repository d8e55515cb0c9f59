const MULTIPLIERS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Reads "10Mi", "1G" or "1048576" as whole bytes, rounded up; undefined for anything else, for negative values and beyond 2^53. */
export const parseByteQuantity = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)(|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)$/.exec(text);
  const bytes = match === null ? Number.NaN : Math.ceil(Number(match[1]) * (MULTIPLIERS[match[2] ?? ""] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
};
