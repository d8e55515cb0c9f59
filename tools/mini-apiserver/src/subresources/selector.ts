import type { LabelSelector } from "@nk/pod-model";

type Labels = { readonly [key: string]: string } | undefined;

/** Whether the labels fit the selector; an empty one fits everything, none fits nothing (metav1.LabelSelectorAsSelector). */
export const isSelected = (selector: LabelSelector | undefined, labels: Labels): boolean => {
  if (selector === undefined) return false;
  const isEqual = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels?.[key] === value);
  return (
    isEqual &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels?.[key];
      if (operator === "In") return value !== undefined && values.includes(value);
      if (operator === "NotIn") return value === undefined || !values.includes(value);
      if (operator === "Exists") return value !== undefined;
      return operator === "DoesNotExist" && value === undefined;
    })
  );
};
