import type { Problem } from './generated/operations.ts';

/**
 * Thrown when the API refuses a request. `code` says why (GET /problems explains it). `problem` is the whole answer.
 */
export class LedgerProblem extends Error {
  override readonly name = 'LedgerProblem';
  readonly code: Problem['code'];
  readonly status: number;
  readonly requestId: string;
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.code = problem.code;
    this.status = problem.status;
    this.requestId = problem.requestId;
    this.problem = problem;
  }
}

/** Thrown when no attempt got an answer. `cause` is the last failure. The server may have carried out the request. */
export class LedgerUnreachable extends Error {
  override readonly name = 'LedgerUnreachable';
}

/**
 * Returns the problem of a refusal. An answer of another server, such as a proxy, becomes a problem with a code for its
 * status.
 */
export const problemOf = (status: number, text: string): LedgerProblem => {
  const parsed = parse(text);
  if (isProblem(parsed, status)) return new LedgerProblem(parsed);
  const detail = `The answer with status ${status} is not from License Ledger.`;
  return new LedgerProblem({
    type: 'about:blank',
    title: 'Unexpected answer',
    status,
    detail,
    code: `HTTP_${status}`,
    requestId: '',
  });
};

/**
 * Returns the object of a success, or undefined for a 204. Throws LedgerProblem for other content, such as that of a
 * captive portal.
 */
export const bodyOf = ({ status, text }: { readonly status: number; readonly text: string }) => {
  if (status === 204) return undefined;
  const parsed = parse(text);
  if (typeof parsed !== 'object' || parsed === null) throw problemOf(status, '');
  return parsed;
};

const parse = (text: string) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

// Other servers may answer with JSON and a `code` too. So all members of a problem of the API must be present.
const isProblem = (value: unknown, status: number): value is Problem =>
  typeof value === 'object' &&
  value !== null &&
  'status' in value &&
  value.status === status &&
  ['type', 'title', 'detail', 'code', 'requestId'].every((name) => typeof Reflect.get(value, name) === 'string');
