import { readFileSync } from 'node:fs';

type Values = Readonly<Record<string, string | undefined>>;

/** Variables that may contain a password, and so may be read from the file that `<name>_FILE` names. */
export const variablesOfFiles = [
  'DATABASE_URL',
  'DATABASE_API_URL',
  'DATABASE_PROJECTOR_URL',
  'DATABASE_WORKER_URL',
  'EVENTSTORE_URL',
  'REDIS_URL',
  'MAIL_URL',
  'LEDGER_EVENTSTORE_DATABASE_URL',
] as const;

/**
 * Puts the trimmed text of each file that a `<name>_FILE` names in the place of its variable. A variable that is set in both
 * ways, an unreadable file and an empty one are problems. No problem prints a path, which may be a password set by mistake.
 */
export const readVariableFiles = (
  values: Values,
): { readonly values: Values; readonly problems: readonly string[] } => {
  const read: Record<string, string> = {};
  const problems: string[] = [];
  for (const name of variablesOfFiles) {
    const file = values[`${name}_FILE`];
    if (file === undefined) continue;
    const text = textOf(file);
    if (values[name] !== undefined) problems.push(`${name} and ${name}_FILE are both set: give one.`);
    else if ('code' in text) problems.push(`${name}_FILE cannot be read (${text.code}). Set it to a path.`);
    else if (text.value === '') problems.push(`${name}_FILE names an empty file. Write the value of ${name} into it.`);
    else read[name] = text.value;
  }
  return { values: { ...values, ...read }, problems };
};

const textOf = (file: string): { readonly value: string } | { readonly code: string } => {
  try {
    return { value: readFileSync(file, 'utf8').trim() };
  } catch (error) {
    return { code: error instanceof Error && 'code' in error ? `${error.code}` : 'unknown error' };
  }
};
