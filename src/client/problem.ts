import type { Problem } from './generated/operations.ts';

/** The API refused a request: `code` says why (GET /problems explains each), `problem` is the whole answer. */
export class LedgerProblem extends Error {
  override readonly name = 'LedgerProblem';
  readonly code: string;
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
  if (isProblem(parsed)) return new LedgerProblem(parsed);
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

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' &&
  value !== null &&
  'code' in value &&
  typeof value.code === 'string' &&
  'detail' in value &&
  typeof value.detail === 'string';
