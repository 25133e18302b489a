import { z } from 'zod';
import { openApiDocument } from '../../../src/api/openapi/document.ts';
import { meanings } from '../../../src/api/problems/problems.ts';
import type { Route } from '../../../src/api/route.ts';
import { documentedResponses } from '../documented.ts';
import { type Draft, impossiblePosition } from './mutations.ts';
import type { Received } from './send.ts';

const problemBody = z.looseObject({
  type: z.string().regex(/^\/problems#[a-z-]+$/),
  title: z.string().min(1),
  status: z.int(),
  detail: z.string().min(1).max(2_000),
  code: z.string(),
  errors: z
    .array(z.strictObject({ pointer: z.string(), detail: z.string().min(1) }))
    .max(20)
    .optional(),
  requestId: z.string().min(1),
});

const page = z.looseObject({ data: z.array(z.unknown()) });

/** What is wrong with an answer by what its route declares; null when nothing is. */
export type Judge = (route: Route, sent: Draft, received: Received) => string | null;

/** Judges answers of these routes. */
export const createJudge = (routes: readonly Route[]): Judge => {
  const document = openApiDocument(routes, '0.0.0');

  return (route, sent, received) => {
    const { status, headers, text } = received;
    if (status >= 500 && !isNotYet(sent, received)) return `it failed with ${status}`;
    const declared = documentedResponses(document, route)[String(status)];
    if (declared === undefined) return `${status} is not declared`;
    if (status < 400) return successFault(route, sent, received);

    if (headers['content-type'] !== 'application/problem+json') return `its refusal is ${headers['content-type']}`;
    const parsed = problemBody.safeParse(jsonOf(text));
    if (!parsed.success) return `its refusal is no problem: ${parsed.error.message}`;
    const { code } = parsed.data;
    const meaning = Object.entries(meanings).find(([name]) => name === code)?.[1];
    if (meaning?.status !== status || parsed.data.status !== status)
      return `the code ${code} is not of status ${status}`;
    return declared.description?.split(', ').includes(code) === true ? null : `the code ${code} is not declared`;
  };
};

const isNotYet = ({ headers }: Draft, { status, text }: Received): boolean =>
  status === 503 && headers['ledger-min-position'] === impossiblePosition && text.includes('"NOT_PROJECTED_YET"');

const successFault = (route: Route, sent: Draft, { status, headers, text }: Received): string | null => {
  if (status === 304) return text === '' ? null : 'it has a body with 304';
  const reply = route.replies[status];
  if (reply === undefined) return `${status} is declared in the document only`;
  if (reply.file !== undefined && headers['content-type'] === reply.file) return null;
  if (reply.body === undefined) return text === '' ? null : 'it has a body where none is declared';
  if (headers['content-type'] !== 'application/json') return `its answer is ${headers['content-type']}`;
  const body = jsonOf(text);
  const { error } = reply.body.safeParse(body);
  if (error !== undefined) return `its answer is otherwise than declared: ${error.message}`;
  const { data } = page.safeParse(body);
  const most = Number(sent.query.findLast(([name]) => name === 'limit')?.[1] ?? 100);
  return data !== undefined && data.data.length > most ? `its page has ${data.data.length} of at most ${most}` : null;
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
