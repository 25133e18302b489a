import { type Paint, plain, printable, type Style } from '../output/colors.ts';

/** A line of the log, as pino writes it. */
export type LogLine = { readonly level: number; readonly time: string; readonly msg?: string } & Readonly<
  Record<string, unknown>
>;

/** The levels by name, with the number that a line has. */
export const logLevels = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;

/** The name of a level of the log. */
export type LogLevel = keyof typeof logLevels;

/** Returns a line of the log, or null for a text that is no such line, for example one that was cut by a full disk. */
export const parseLogLine = (text: string): LogLine | null => {
  try {
    const line: unknown = JSON.parse(text);
    return isLogLine(line) ? line : null;
  } catch {
    return null;
  }
};

const isLogLine = (line: unknown): line is LogLine =>
  typeof line === 'object' &&
  line !== null &&
  'level' in line &&
  typeof line.level === 'number' &&
  'time' in line &&
  typeof line.time === 'string';

/** Returns a line of the log for people: time, level, message, fields. The stack of an error follows, indented. */
export const logText = ({ level, time, msg = '', err, ...fields }: LogLine, paint: Paint = plain): string => {
  const name = levelName(level);
  const rest = { ...fields, ...fieldsOf(err) };
  const pairs = Object.entries(rest).map(([field, value]) => `${paint('dim', `${field}=`)}${valueText(value)}`);
  const head = [paint('dim', printable(time)), paint(styles[name], name.toUpperCase().padEnd(5)), printable(msg)];
  return [[...head, ...pairs].filter((part) => part !== '').join(' '), ...stackOf(err)].join('\n');
};

const styles: Readonly<Record<LogLevel, Style>> = {
  trace: 'dim',
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
};

/** Returns the name of the highest level that a number reaches. */
const levelName = (level: number): LogLevel => {
  const names = Object.keys(logLevels) as LogLevel[];
  return names.findLast((name) => logLevels[name] <= level) ?? 'trace';
};

const valueText = (value: unknown): string => {
  const isWord = typeof value === 'string' && /^[\w.:/@+-]+$/.test(value);
  const text = isWord ? value : printable(JSON.stringify(value) ?? '');
  return text.length <= valueCharactersMax ? text : `${text.slice(0, valueCharactersMax)}…`;
};

// The JSON form has the whole value.
const valueCharactersMax = 400;

// The stack begins with the message.
const fieldsOf = (error: unknown): object => {
  if (error === undefined) return {};
  if (typeof error !== 'object' || error === null || !('stack' in error)) return { err: error };
  const { stack: _, type: __, message: ___, ...fields } = error as Record<string, unknown>;
  return fields;
};

const stackOf = (error: unknown): readonly string[] => {
  if (typeof error !== 'object' || error === null || !('stack' in error)) return [];
  return String(error.stack)
    .split('\n')
    .map((line) => `    ${printable(line.trim())}`);
};
