import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRefreshToken } from '../../../src/identity/refresh-token.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { expectNothingTold, read, sessionRequests } from './session-requests.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const { post, refresh, me, signUp, close } = sessionRequests(() => ledger);

describe('A refresh', () => {
  test('returns the next tokens for the same organization', async () => {
    const user = await signUp();
    const answer = await refresh(user.refreshToken);
    expect([answer.status, answer.body]).toMatchObject([
      200,
      { tokenType: 'Bearer', user: { id: user.userId }, organization: { id: user.organizationId, role: 'OWNER' } },
    ]);
    const next = read(answer.body);
    expect(next.refreshToken).not.toBe(user.refreshToken);
    expect((await me(next.accessToken)).body.user?.id).toBe(user.userId);
    expect((await refresh(next.refreshToken)).status).toBe(200);
  });

  test('gives one hundred concurrent requests the same next token, and repeats a lost answer', async () => {
    const user = await signUp();
    const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(user.refreshToken)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
    const next = read((await refresh(user.refreshToken)).body);
    expect(next.refreshToken).toBe(answers[0]?.body.refreshToken);
    expect((await refresh(next.refreshToken)).status).toBe(200);
  });

  test('ends the session of a token that is used twice, with all its tokens', async () => {
    const user = await signUp();
    const next = read((await refresh(user.refreshToken)).body);
    const last = read((await refresh(next.refreshToken)).body);
    const id = { 'x-request-id': 'same' };
    expect((await me(last.accessToken)).status).toBe(200);
    await expectNothingTold([
      await refresh(user.refreshToken, id),
      await refresh(last.refreshToken, id),
      await refresh('lgr_rt_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU', id),
      await refresh('no token', id),
    ]);
    expect((await me(last.accessToken)).status).toBe(401);
  });

  test('logs the user of a token that is used twice, without the token', async () => {
    const user = await signUp();
    const counted = async () =>
      /^ledger_refresh_tokens_reused_total (\d+)$/m.exec(await ledger.metrics.registry.metrics())?.[1];
    const before = Number(await counted());
    const next = read((await refresh(user.refreshToken)).body);
    await refresh(next.refreshToken);
    expect(Number(await counted())).toBe(before);
    await refresh(user.refreshToken);
    expect(Number(await counted())).toBe(before + 1);
    const { body } = await me(user.accessToken);
    expect(body.code).toBe('UNAUTHENTICATED');
    const lines = ledger.logged.filter((line) => line.includes('used twice') && line.includes(user.userId));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 40,
      userId: user.userId,
      sessionId: expect.stringMatching(/^ses_/),
    });
    expect(ledger.logged.join('')).not.toContain(user.refreshToken);
  });

  test('does not accept a used token for longer because of an Idempotency-Key', async () => {
    const user = await signUp();
    const key = { 'idempotency-key': randomUUID() };
    const next = read((await refresh(user.refreshToken, key)).body);
    expect((await refresh(user.refreshToken, key)).body.refreshToken).toBe(next.refreshToken);
    ledger.clock.aheadMs = 11_000;
    try {
      expect((await refresh(user.refreshToken, key)).status).toBe(401);
      expect((await refresh(next.refreshToken, key)).status).toBe(401);
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });

  test('writes nothing for an invalid token', async () => {
    const before = await ledger.traces();
    for (const token of [createRefreshToken(), createRefreshToken(), 'no token'])
      expect((await refresh(token, { 'idempotency-key': randomUUID() })).status).toBe(401);
    expect(await ledger.traces()).toEqual(before);
  });

  test('is refused after a logout and after a week', async () => {
    const [out, late] = [await signUp(), await signUp()];
    const id = { 'x-request-id': 'same' };
    await post('logout', {}, out.accessToken);
    ledger.clock.aheadMs = 604_800_000;
    try {
      const wrong = { email: out.email, password: 'x' };
      await expectNothingTold([
        await post('login', wrong, undefined, id),
        await refresh(out.refreshToken, id),
        await refresh(late.refreshToken, id),
      ]);
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });

  test('returns no organization after it was closed', async () => {
    const user = await signUp();
    await close(user.organizationId);
    expect((await refresh(user.refreshToken)).body).toMatchObject({ user: { id: user.userId }, organization: null });
  });
});
