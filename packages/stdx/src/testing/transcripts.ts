import { readFileSync, writeFileSync } from "node:fs";

/** Carries out the commands of one transcript. */
export interface TranscriptSession {
  /** Carries out one command and answers the lines that it made happen. */
  execute(command: string): Promise<readonly string[]>;
  /** Ends what still runs. */
  end?(): void;
}

/** What {@link playTranscript} is told. */
export interface TranscriptOptions {
  /** Told the transcript's text, which may hold settings in its comments. */
  readonly createSession: (text: string) => TranscriptSession;
  /** Rewrites the file with what happened, for a person to read the difference. */
  readonly update: boolean;
}

/**
 * Plays a transcript: lines that begin with `$ ` are commands, empty lines and those with `#` are kept, and all others are what a command
 * made happen. Resolves with what the file says and what happened now; a test compares the two.
 */
export const playTranscript = async (
  path: string,
  { createSession, update }: TranscriptOptions,
): Promise<{ readonly expected: string; readonly played: string }> => {
  const text = readFileSync(path, "utf8");
  const session = createSession(text);
  const lines: string[] = [];
  try {
    for (const line of text.split("\n")) {
      if (line.startsWith("$ ")) lines.push(line, ...(await session.execute(line.slice(2))));
      else if (line === "" || line.startsWith("#")) lines.push(line);
    }
  } finally {
    session.end?.();
  }
  const played = lines.join("\n");
  if (update) writeFileSync(path, played);
  return { expected: update ? played : text, played };
};
