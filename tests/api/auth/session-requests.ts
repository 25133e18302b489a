import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { organizationAggregate } from '../../../src/aggregates/aggregates.ts';
import { context, send as sendCommand } from '../../support/commands.ts';
import type { Answer, Ledger } from '../../support/ledger.ts';
import { joinOrganization } from '../../support/users.ts';

export const password = 'four small green apples';

/** Returns the tokens of an answer. */
export const read = (body: Answer['body']) => ({
  accessToken: String(body.accessToken),
  refreshToken: String(body.refreshToken),
});

/** Returns the requests of users who sign in. `ledger` returns the product, once it runs. */
export const sessionRequests = (ledger: () => Ledger) => {
  const post = (path: string, body: object, key?: string, headers: Record<string, string> = {}) =>
    ledger().call('POST', `/v1/auth/${path}`, { body, key, headers });
  const logIn = (email: string, fields: object = {}) => post('login', { email, password, ...fields });
  const refresh = (refreshToken: unknown, headers: Record<string, string> = {}) =>
    post('refresh', { refreshToken }, undefined, headers);
  const me = (key: string) => ledger().call('GET', '/v1/auth/me', { key });

  const signUp = async (organizationName = 'Tools') => {
    const email = `${randomUUID()}@vendor.example`;
    const { body } = await post('signup', { email, password, organizationName });
    return { email, ...read(body), userId: String(body.user?.id), organizationId: String(body.organization?.id) };
  };
  const join = async (user: { userId: string }, organizationId: string, role: 'MEMBER' | 'OWNER' = 'MEMBER') => {
    const position = await joinOrganization(ledger().needs, { userId: user.userId, organizationId, role });
    await ledger().projected.waitFor(position, 10_000);
  };

  const close = async (organizationId: string) => {
    const command = { type: 'CloseOrganization', at: ledger().needs.now(), by: { type: 'SYSTEM' }, data: {} } as const;
    const closed = await sendCommand(
      ledger().executor,
      organizationAggregate,
      organizationId,
      command,
      context(),
      () => null,
    );
    if ('rejected' in closed) throw new Error(closed.detail);
    await ledger().projected.waitFor(closed.position.commit, 10_000);
  };

  return { post, logIn, refresh, me, signUp, join, close };
};

/** Expects the one refusal that reveals nothing. */
export const expectNothingTold = async (answers: readonly Answer[]) => {
  for (const { status, text, headers } of answers) {
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(text).toBe(answers[0]?.text);
  }
  expect(answers[0]?.body).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
};
