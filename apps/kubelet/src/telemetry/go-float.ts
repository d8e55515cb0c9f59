/**
 * A number as the reference's metrics spell it (Go's strconv.FormatFloat, 'g', shortest): 262144, but 1.048576e+06. It matters for `le`:
 * a bucket is known by its text, which queries and recording rules name.
 */
export const formatGoFloat = (value: number): string => {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return "0";
  const [digits = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
};
