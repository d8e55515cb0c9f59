import { badRequest } from "../api-error.ts";
import { checkLabelValue, checkQualifiedName } from "../kinds/names.ts";

type Labels = { readonly [key: string]: string };

/** Whether labels are what a selector asks for. */
export type LabelSelector = (labels: Labels | undefined) => boolean;

const matchesAll: LabelSelector = () => true;

interface Token {
  readonly kind: "word" | "sign" | "end";
  readonly text: string;
}

const SIGNS = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
const MAX_SELECTOR_LENGTH = 64 * 1024;

const tokenize = (text: string): readonly Token[] => {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    if (/\s/u.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    const sign = SIGNS.find((one) => text.startsWith(one, at));
    const word = sign ?? /^[^\s=!(),<>]+/u.exec(text.slice(at, at + 512))?.[0] ?? text.charAt(at);
    tokens.push({ kind: sign === undefined ? "word" : "sign", text: word });
    at += word.length;
  }
  return tokens;
};

const END: Token = { kind: "end", text: "" };

/** What is wrong within a requirement. */
const fail = (text: string): never => {
  throw badRequest(`unable to parse requirement: ${text}`);
};

/** What is wrong between requirements. */
const failBetween = (text: string): never => {
  throw badRequest(text);
};

const checkKey = (key: string): string => {
  const [problem] = checkQualifiedName(key);
  if (problem !== undefined)
    fail(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problem.replace(/^a qualified name/u, "a valid label key")}`);
  return key;
};

const checkValues = (key: string, values: readonly string[]): readonly string[] => {
  values.forEach((value, index) => {
    const [problem] = checkLabelValue(value);
    if (problem !== undefined) fail(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`);
  });
  return values;
};

/** Reads one requirement after another from the tokens. */
const createParser = (tokens: readonly Token[]) => {
  let at = 0;
  const peek = (): Token => tokens[at] ?? END;
  const next = (): Token => {
    const token = peek();
    at += 1;
    return token;
  };

  const parseValues = (): readonly string[] => {
    if (next().text !== "(") fail(`found '${tokens[at - 1]?.text ?? ""}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      const token = next();
      if (token.kind === "word") values.push(token.text);
      else if (token.text === "," || token.text === ")") values.push("");
      else fail(`found '${token.text}', expected: ',', ')' or identifier`);
      const after = token.kind === "word" ? next() : token;
      if (after.text === ")") return values;
      if (after.text !== ",") fail(`found '${after.text}', expected: ',' or ')'`);
    }
  };

  const parseOperator = (key: string): LabelSelector => {
    const operator = next();
    switch (operator.text) {
      case "=":
      case "==":
      case "!=": {
        const value = peek().kind === "word" ? next().text : "";
        checkValues(key, [value]);
        return operator.text === "!=" ? (labels) => labels?.[key] !== value : (labels) => labels?.[key] === value;
      }
      case "in":
      case "notin": {
        const values = new Set(checkValues(key, parseValues()));
        const isIn = operator.text === "in";
        return (labels) => {
          const value = labels?.[key];
          return value === undefined ? !isIn : values.has(value) === isIn;
        };
      }
      case ">":
      case "<": {
        const { text } = next();
        const bound = Number(text);
        if (!Number.isInteger(bound))
          fail(`values[0]: Invalid value: ${JSON.stringify(text)}: for 'Gt', 'Lt' operators, the value must be an integer`);
        return (labels) => {
          const value = Number(labels?.[key] ?? Number.NaN);
          return operator.text === ">" ? value > bound : value < bound;
        };
      }
      default:
        return fail(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  };

  const parseRequirement = (): LabelSelector => {
    const isNegated = peek().text === "!" && next().text === "!";
    const token = next();
    if (token.kind !== "word") (isNegated ? fail : failBetween)(`found '${token.text}', expected: !, identifier, or 'end of string'`);
    const key = checkKey(token.text);
    if (isNegated) return (labels) => labels === undefined || !Object.hasOwn(labels, key);
    if (peek().kind === "end" || peek().text === ",") return (labels) => labels !== undefined && Object.hasOwn(labels, key);
    return parseOperator(key);
  };

  return { peek, next, parseRequirement };
};

/** Parses `a=b,c in (d,e),!f`. @throws ApiError 400 */
export const parseLabelSelector = (text: string | null): LabelSelector => {
  if (text === null || text.trim() === "") return matchesAll;
  if (text.length > MAX_SELECTOR_LENGTH) throw badRequest("unable to parse requirement: the selector is too long");
  const parser = createParser(tokenize(text));
  const requirements: LabelSelector[] = [];
  for (;;) {
    requirements.push(parser.parseRequirement());
    const token = parser.next();
    if (token.kind === "end") break;
    if (token.text !== ",") failBetween(`found '${token.text}', expected: ',' or 'end of string'`);
    if (parser.peek().kind === "end") failBetween(`found '', expected: identifier after ','`);
  }
  return (labels) => requirements.every((matches) => matches(labels));
};
