import { LedgerProblem, LedgerUnreachable } from '@license-ledger/client';
import type { Session } from './session.ts';

const timeoutMs = 30_000;

/**
 * Reads a text of the API at a path, such as a signed note, for an organization. Throws LedgerProblem for a refusal, and
 * LedgerUnreachable without an answer of the server.
 */
export const readText = async (session: Session, organizationId: string, path: string): Promise<string> => {
  const { isOk, text } = await fetchText(session, organizationId, path);
  if (!isOk) throw refusalIn(text);
  return text;
};

const fetchText = async (session: Session, organizationId: string, path: string) => {
  try {
    const response = await session.stream(organizationId, path, AbortSignal.timeout(timeoutMs));
    return { isOk: response.ok, text: await response.text() };
  } catch (error) {
    // `fetch` and its body throw one of both when the connection is lost.
    if (error instanceof TypeError || error instanceof DOMException) throw unreachable(error);
    throw error;
  }
};

const refusalIn = (text: string): Error => {
  try {
    return new LedgerProblem(JSON.parse(text));
  } catch (error) {
    return unreachable(error);
  }
};

const unreachable = (cause: unknown): LedgerUnreachable => new LedgerUnreachable('There is no answer.', { cause });
