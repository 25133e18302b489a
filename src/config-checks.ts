import { type Variables, variablesSchema } from './config-variables.ts';

/** The variables of an environment. An invalid one has its default, and its name is in `invalid`. */
export type ReadVariables = {
  readonly variables: Variables;
  readonly invalid: ReadonlySet<string>;
  /** A sentence for each invalid value, which begins with the name of its variable. */
  readonly problems: readonly string[];
};

/** Reads each variable apart from the others, so that one invalid value hides no other problem. */
export const readVariables = (values: Readonly<Record<string, string | undefined>>): ReadVariables => {
  const parsed = variablesSchema.safeParse(values);
  if (parsed.success) return { variables: parsed.data, invalid: new Set(), problems: [] };
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const invalid = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
  const valid = Object.fromEntries(Object.entries(values).filter(([name]) => !invalid.has(name)));
  return { variables: variablesSchema.parse(valid), invalid, problems };
};

/** A combination that is forbidden. It is not judged while one of its variables is invalid. */
type Combination = {
  readonly of: readonly (keyof Variables)[];
  readonly isForbidden: (variables: Variables) => boolean;
  readonly fault: string;
};

const inProduction = ({ NODE_ENV }: Variables): boolean => NODE_ENV === 'production';

const combinations: readonly Combination[] = [
  {
    of: ['LEDGER_CLOCK_OFFSET_SECONDS'],
    isForbidden: (variables) => inProduction(variables) && variables.LEDGER_CLOCK_OFFSET_SECONDS !== 0,
    fault: 'LEDGER_CLOCK_OFFSET_SECONDS is for tests only: remove it when NODE_ENV is production.',
  },
  {
    of: ['LEDGER_CLOCK_CHECK'],
    isForbidden: (variables) => inProduction(variables) && variables.LEDGER_CLOCK_CHECK === 'off',
    fault:
      'LEDGER_CLOCK_CHECK=off is for tests only: remove it, and synchronize the clocks, when NODE_ENV is production.',
  },
  {
    of: ['REFRESH_TOKEN_SECONDS', 'ACCESS_TOKEN_SECONDS'],
    isForbidden: ({ REFRESH_TOKEN_SECONDS, ACCESS_TOKEN_SECONDS }) => REFRESH_TOKEN_SECONDS < ACCESS_TOKEN_SECONDS,
    fault: 'REFRESH_TOKEN_SECONDS is less than ACCESS_TOKEN_SECONDS: give it at least as many.',
  },
  {
    of: ['MAIL_URL', 'MAIL_FROM', 'PUBLIC_URL'],
    isForbidden: ({ MAIL_URL, MAIL_FROM, PUBLIC_URL }) =>
      MAIL_URL !== undefined && (MAIL_FROM === undefined || PUBLIC_URL === undefined),
    fault: 'MAIL_URL is set without MAIL_FROM or PUBLIC_URL: set all three, or remove MAIL_URL.',
  },
  {
    of: ['LEDGER_INIT_PASSWORD', 'LEDGER_INIT_PASSWORD_FILE'],
    isForbidden: ({ LEDGER_INIT_PASSWORD, LEDGER_INIT_PASSWORD_FILE }) =>
      LEDGER_INIT_PASSWORD !== undefined && LEDGER_INIT_PASSWORD_FILE !== undefined,
    fault: 'LEDGER_INIT_PASSWORD and LEDGER_INIT_PASSWORD_FILE are both set: give one.',
  },
  {
    of: ['LEDGER_EVENTSTORE_INSECURE'],
    isForbidden: (variables) => inProduction(variables) && variables.LEDGER_EVENTSTORE_INSECURE === 'on',
    fault:
      'LEDGER_EVENTSTORE_INSECURE=on lets everybody read and append, and is for tests only: remove it when NODE_ENV is production.',
  },
  {
    of: ['LEDGER_EVENTSTORE_CERT_FILE', 'LEDGER_EVENTSTORE_KEY_FILE', 'LEDGER_EVENTSTORE_CA_FILE'],
    isForbidden: ({ LEDGER_EVENTSTORE_CERT_FILE: certificate, LEDGER_EVENTSTORE_KEY_FILE: key, ...variables }) =>
      (certificate === undefined) !== (key === undefined) ||
      (certificate === undefined && variables.LEDGER_EVENTSTORE_CA_FILE !== undefined),
    fault:
      'LEDGER_EVENTSTORE_CERT_FILE and LEDGER_EVENTSTORE_KEY_FILE belong together, and LEDGER_EVENTSTORE_CA_FILE to both: set both files, or none of the three.',
  },
  {
    of: ['RATE_LIMITS'],
    isForbidden: (variables) => inProduction(variables) && variables.RATE_LIMITS === null,
    fault:
      'RATE_LIMITS=off is for tests only: remove it, or raise single limits (validate=600/60), when NODE_ENV is production.',
  },
];

/** Returns a sentence for each forbidden combination of valid variables. */
export const combinationFaults = (variables: Variables, invalid: ReadonlySet<string>): readonly string[] =>
  combinations
    .filter(({ of, isForbidden }) => !of.some((name) => invalid.has(name)) && isForbidden(variables))
    .map(({ fault }) => fault);
