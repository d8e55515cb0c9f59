/** What a span can be told. */
export type SpanAttributeValue = string | number | boolean;

/** One timed piece of work. */
export interface Span {
  setAttribute(key: string, value: SpanAttributeValue): void;
  /** Marks the span as failed. */
  recordError(error: unknown): void;
  /** Ends the span; call it once. */
  end(): void;
}

/** Where spans are started. Must not throw. */
export interface Tracer {
  startSpan(name: string, attributes?: Readonly<Record<string, SpanAttributeValue>>): Span;
}

const ignore = (): void => {};

/** Traces nothing. The default wherever a tracer is an option. */
export const noopTracer: Tracer = { startSpan: () => ({ setAttribute: ignore, recordError: ignore, end: ignore }) };
