import pg from 'pg';
import type { Route } from '../../../src/api/route.ts';
import { undeclared } from '../../support/declared.ts';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import type { Credential } from './credentials.ts';
import type { Expected } from './expected.ts';
import { type Made, type MakeRequest, onceOnly, subjectOn } from './subject.ts';
import { type Side, verdictOn } from './verdict.ts';

/** One way to call an operation: of some there are several between which it matters who calls. */
export type Case = {
  readonly name: string;
  readonly route: Route;
  readonly expected: Expected;
  readonly make: MakeRequest;
};

/** What a credential was to be answered, and was: ALLOWED, a code, or what nobody expects. */
export type Cell = { readonly credential: Credential; readonly verdict: string; readonly answer: string };

/** Tries every credential on one case. */
export type Trial = {
  /** `left`: how many events there are of those who are to be refused. */
  readonly answersTo: (each: Case, side: Side) => Promise<{ readonly cells: readonly Cell[]; readonly left: number }>;
  readonly end: () => Promise<void>;
};

type Cast = {
  readonly organization: TestOrganization;
  readonly issuer: TestOrganization;
  readonly credentials: readonly Credential[];
  /** Whether a credential is tried on a case. `turn` differs from case to case and from credential to credential by 1. */
  readonly isTried: (credential: Credential, verdict: string, turn: number) => boolean;
};

/**
 * Those who are to be refused come first and all ask for the same thing; what they ask must leave the log as it is. Each of
 * the others gets something of its own to ask for, so that what one may do is not done before. Those who only read
 * share what they read.
 */
export const createTrial = async (ledger: Ledger, { credentials, isTried, ...organizations }: Cast): Promise<Trial> => {
  const log = new pg.Pool({ connectionString: ledger.store.databaseUrl, max: 1 });
  const subjects = {
    own: subjectOn(ledger, { ...organizations, side: 'own' }),
    held: subjectOn(ledger, { ...organizations, side: 'held' }),
  };
  const countEvents = async (): Promise<number> => {
    const { rows } = await log.query<{ count: number }>('select count(*)::int from eventstore.events');
    return rows[0]?.count ?? 0;
  };

  let turn = 0;

  return {
    answersTo: async ({ route, make, expected }, side) => {
      const subject = subjects[side];
      turn += 1;
      const judged = credentials
        .map((credential) => ({ credential, verdict: verdictOn(expected, side, credential) }))
        .filter(({ credential, verdict }, index) => isTried(credential, verdict, turn + index));
      const shared = onceOnly(subject);
      const refused = await all(
        judged.filter(({ verdict }) => verdict !== 'ALLOWED'),
        async (cell) => ({ ...cell, made: await make(shared, cell.credential) }),
      );
      const before = await countEvents();
      const refusals = await all(refused, ({ credential, verdict, made }) =>
        answered(ledger, route, { credential, verdict, made }),
      );
      const left = (await countEvents()) - before;
      const subjectOfAllowed = route.effect === 'read' ? onceOnly(subject) : subject;
      const allowances = await all(
        judged.filter(({ verdict }) => verdict === 'ALLOWED'),
        async ({ credential, verdict }) =>
          answered(ledger, route, { credential, verdict, made: await make(subjectOfAllowed, credential) }),
      );
      return { cells: [...refusals, ...allowances], left };
    },
    end: () => log.end(),
  };
};

const answered = async (
  { baseUrl }: Ledger,
  route: Route,
  { credential, verdict, made }: { readonly credential: Credential; readonly verdict: string; readonly made: Made },
): Promise<Cell> => {
  const { method, path } = route;
  const authorization = made.authorization ?? credential.authorization;
  const response = await fetch(`${baseUrl}${made.path}`, {
    method: method.toUpperCase(),
    headers: {
      ...(authorization === null ? {} : { authorization }),
      ...(made.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...made.headers,
    },
    ...(made.body === undefined ? {} : { body: JSON.stringify(made.body) }),
  });
  const { status, headers } = response;
  if (status < 400) {
    // A stream would go on for ever.
    const isStream = headers.get('content-type') === 'text/event-stream';
    const text = isStream ? '' : await response.text();
    if (isStream) await response.body?.cancel();
    const isJson = headers.get('content-type') === 'application/json';
    const body: unknown = isJson && text !== '' ? JSON.parse(text) : {};
    const isOther = isStream || route.replies[status]?.file === headers.get('content-type');
    const fault = isOther ? null : undeclared([route], { method, path: made.path, status, body });
    return { credential, verdict, answer: fault ?? 'ALLOWED' };
  }
  const { code, detail }: Readonly<Record<string, unknown>> = JSON.parse(await response.text());
  const isChallenged = status !== 401 || headers.has('www-authenticate');
  const answer = isRefusal(status, code) && isChallenged ? code : `${status} ${code} (${detail}) to ${path}`;
  return { credential, verdict, answer };
};

/** A code of those that say who may do what, under its own status. */
const isRefusal = (status: number, code: unknown): code is string => {
  switch (code) {
    case 'UNAUTHENTICATED':
    case 'TOKEN_EXPIRED':
      return status === 401;
    case 'FORBIDDEN':
      return status === 403;
    default:
      return status === 404 && typeof code === 'string' && code.endsWith('NOT_FOUND');
  }
};

/** A few at a time: the product queues the rest anyway, and would say so. */
const all = async <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> => {
  const results: Result[] = [];
  for (let first = 0; first < items.length; first += 8) {
    results.push(...(await Promise.all(items.slice(first, first + 8).map(work))));
  }
  return results;
};
