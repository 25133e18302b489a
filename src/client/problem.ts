import type { Problem } from './generated/operations.ts';

/** The API refused a request: `code` says why (GET /problems explains each), `problem` is the whole answer. */
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

/** No answer came, in time or at all, however often it was tried; `cause` is the last failure. What was asked for may have happened. */
export class LedgerUnreachable extends Error {
  override readonly name = 'LedgerUnreachable';
}

/** Reads a refusal; an answer that is none of the API's, as of a proxy, becomes one with the code of its status. */
export const problemOf = (status: number, text: string): LedgerProblem => {
  const parsed = parse(text);
  if (isProblem(parsed, status)) return new LedgerProblem(parsed);
  const detail = `The answer has status ${status} and is none of License Ledger's.`;
  return new LedgerProblem({
    type: 'about:blank',
    title: 'Unexpected answer',
    status,
    detail,
    code: `HTTP_${status}`,
    requestId: '',
  });
};

/** The object that a success brings; undefined for a 204. Throws LedgerProblem for anything else, as of a captive portal. */
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

// Others answer with JSON too, and with a `code` of theirs: all that every problem of the API has must be there.
const isProblem = (value: unknown, status: number): value is Problem =>
  typeof value === 'object' &&
  value !== null &&
  'status' in value &&
  value.status === status &&
  ['type', 'title', 'detail', 'code', 'requestId'].every((name) => typeof Reflect.get(value, name) === 'string');
