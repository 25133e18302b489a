/** Writes one line of a log: fields, then a sentence. The methods of pino have this type. */
export type LogLine = (fields: object, message: string) => void;

/** The log that operators read. */
export type Log = { readonly info: LogLine; readonly warn: LogLine; readonly error: LogLine };
