import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { newEmail, newPassword, organizationName } from '../../api/auth/shapes.ts';
import type { InitConfig } from '../../config.ts';
import { isName, nameRule } from '../../domain/names.ts';
import { isOwnAddress } from '../../identity/passwords.ts';
import { UsageError } from '../exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** The options of `ledger init`. They win over the environment. */
export type InitOptions = {
  readonly organization?: string;
  readonly email?: string;
  readonly passwordStdin: boolean;
  readonly generatePassword: boolean;
  readonly apiKeyName?: string;
  readonly json: boolean;
};

/** What to create. `isGenerated`: nobody has seen the password. */
export type InitValues = {
  readonly organization: string;
  readonly email: string;
  readonly password: string;
  readonly isGenerated: boolean;
  readonly apiKeyName: string;
};

/** The values that are known without asking. Null: a person must be asked. */
export type KnownValues = {
  readonly organization: string | null;
  readonly email: string | null;
  readonly password: { readonly text: string; readonly isGenerated: boolean } | null;
  readonly apiKeyName: string;
};

/**
 * Returns the values of the options and the environment. Throws UsageError with all faults, and for values that are
 * missing when there is no terminal to ask.
 */
export const knownValues = async (
  options: InitOptions,
  init: InitConfig,
  terminal: Terminal | null,
): Promise<KnownValues> => {
  if (options.passwordStdin && options.generatePassword)
    throw new UsageError('Give either --password-stdin or --generate-password.');
  const organization = options.organization ?? init.organization;
  const email = options.email ?? init.email;
  const apiKeyName = options.apiKeyName ?? init.apiKeyName ?? 'first key';
  const isWithPassword = options.passwordStdin || options.generatePassword || init.password !== null;
  const missing = [
    ...(organization === null ? ['--organization <name> (or LEDGER_INIT_ORGANIZATION)'] : []),
    ...(email === null ? ['--email <address> (or LEDGER_INIT_EMAIL)'] : []),
    ...(isWithPassword || init.passwordFile !== null
      ? []
      : ['--password-stdin or --generate-password (or LEDGER_INIT_PASSWORD, LEDGER_INIT_PASSWORD_FILE)']),
  ];
  if (terminal === null && missing.length > 0)
    throw new UsageError(['There is no terminal to ask for what is missing. Give:', ...missing].join('\n  '));
  const password = await passwordOf(options, init);
  const faults = [
    ...(organization === null ? [] : [faultOf(organizationName, organization, 'The name of the organization')]),
    ...(email === null ? [] : [faultOf(newEmail, email, 'The e-mail address')]),
    ...(password === null ? [] : [passwordFaultFor(password.text, email)]),
    isName(apiKeyName) ? null : nameRule('an API key'),
  ].filter((fault) => fault !== null);
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return { organization, email, password, apiKeyName };
};

/** Asks for the values that are missing. A password that is left empty is generated. Throws QuestionsEnded. */
export const askedValues = async (known: KnownValues, terminal: Terminal | null): Promise<InitValues> => {
  const ask = (question: string, check: (answer: string) => string | null) => {
    if (terminal === null) throw new UsageError('There is no terminal to ask.');
    return terminal.ask(question, check);
  };
  const organization =
    known.organization ??
    (await ask('Name of the organization: ', (name) => faultOf(organizationName, name, 'The name')));
  const email =
    known.email ??
    (await ask('E-mail address of its OWNER: ', (address) => {
      const fault = faultOf(newEmail, address, 'The address');
      return fault ?? (known.password === null ? null : passwordFaultFor(known.password.text, address));
    }));
  const password = known.password ?? (await askedPassword(terminal, email));
  return {
    organization,
    email,
    password: password.text,
    isGenerated: password.isGenerated,
    apiKeyName: known.apiKeyName,
  };
};

const askedPassword = async (terminal: Terminal | null, email: string) => {
  const isAcceptable = (answer: string) => (answer === '' ? null : passwordFaultFor(answer, email));
  const answer = await terminal?.askSecretly('Password of the OWNER (empty: generate one): ', isAcceptable);
  return answer === undefined || answer === '' ? generated() : { text: answer, isGenerated: false };
};

const passwordOf = async (options: InitOptions, init: InitConfig): Promise<KnownValues['password']> => {
  if (options.generatePassword) return generated();
  if (options.passwordStdin) return { text: withoutLineEnd(await text(process.stdin)), isGenerated: false };
  if (init.password !== null) return { text: init.password, isGenerated: false };
  if (init.passwordFile === null) return null;
  const stored = await readFile(init.passwordFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // The path may be a password that somebody set in place of one, so it is not printed.
    throw new UsageError(`LEDGER_INIT_PASSWORD_FILE cannot be read (${error.code}). Set it to a path.`);
  });
  return { text: withoutLineEnd(stored), isGenerated: false };
};

const generated = () => ({ text: randomBytes(18).toString('base64url'), isGenerated: true });

const withoutLineEnd = (line: string): string => line.replace(/\r?\n$/, '');

const faultOf = (schema: z.ZodType, value: string, what: string): string | null => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return null;
  // The last fault is the one of the rule in words.
  const message = parsed.error.issues.at(-1)?.message ?? 'is invalid';
  return `${what}: ${message.replace(/\.$/, '')}.`;
};

const passwordFaultFor = (password: string, email: string | null): string | null => {
  const parsed = newPassword.safeParse(password);
  if (!parsed.success) return parsed.error.issues.map(({ message }) => message).join(' ');
  if (email === null || !isOwnAddress(password, email)) return null;
  return 'This password is the address of the user, or its part before the @. Choose another.';
};
