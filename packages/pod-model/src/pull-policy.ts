/**
 * What the API server answers for an absent pull policy: `Always` for tag `latest`, also when it is only implied; `IfNotPresent` for any
 * other tag, and for a digest without a tag.
 */
export const defaultPullPolicy = (image: string): "Always" | "IfNotPresent" => {
  const [name = "", digest] = image.split("@", 2);
  const lastSegment = name.slice(name.lastIndexOf("/") + 1);
  if (lastSegment === "") return "IfNotPresent";
  const colon = lastSegment.indexOf(":");
  if (colon === -1) return digest === undefined ? "Always" : "IfNotPresent";
  return lastSegment.slice(colon + 1) === "latest" ? "Always" : "IfNotPresent";
};
