/** One line of a log: fields, then a sentence. pino's methods fit. */
export type LogLine = (fields: object, message: string) => void;

/** Where this folder reports to operators. */
export type Log = { readonly info: LogLine; readonly warn: LogLine; readonly error: LogLine };
