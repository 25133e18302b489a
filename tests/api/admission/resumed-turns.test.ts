import { expect, test } from 'vitest';
import type { Work } from '../../../src/api/admission/shares.ts';
import { createCallLimits, noRateLimiting } from '../../../src/api/rate-limit/call-limits.ts';
import { admissionOf } from '../../support/limits.ts';

const command: Work = { units: 16, isLight: false, isCommand: true };
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** An admission whose tenants have two turns of a command each while another tenant is active. */
const admitting = () => {
  const turnMs = { command: 60_000, read: 60_000 };
  const admission = admissionOf(async () => 'FREE', undefined, turnMs);
  const enter = (leaving = new AbortController()) =>
    admission.visit({
      address: '192.0.2.1',
      signal: () => leaving.signal,
      limits: createCallLimits(noRateLimiting, '192.0.2.1'),
    });
  const begin = async (tenant: string, leaving?: AbortController) => {
    const visit = enter(leaving);
    expect(await visit.takeTurn(tenant, command)).toBeNull();
    return visit;
  };
  return { begin };
};

/** Resumes the turn of a visit. Returns whether it has come. */
const resuming = (visit: { readonly resumeTurn: () => Promise<void> }) => {
  const state = { isResumed: false };
  void visit.resumeTurn().then(() => {
    state.isResumed = true;
  });
  return state;
};

test('A request that gave its turn to others waits for another one of its tenant', async () => {
  const { begin } = admitting();
  await begin('org_other');
  const [waiting, first] = [await begin('org_a'), await begin('org_a')];
  waiting.endTurn();
  const second = await begin('org_a');
  const resumed = resuming(waiting);
  await settled();
  expect(resumed.isResumed).toBe(false);
  first.leave();
  await expect.poll(() => resumed.isResumed).toBe(true);
  // The turn that came counts: the next request waits until it ends.
  second.leave();
  const third = await begin('org_a');
  third.endTurn();
  waiting.leave();
  await begin('org_a');
});

test('A request whose client has left while it waited goes on, and takes nothing from others', async () => {
  const { begin } = admitting();
  await begin('org_other');
  const leaving = new AbortController();
  const waiting = await begin('org_a', leaving);
  waiting.endTurn();
  const running = [await begin('org_a'), await begin('org_a')];
  const resumed = resuming(waiting);
  leaving.abort();
  await expect.poll(() => resumed.isResumed).toBe(true);
  waiting.leave();
  for (const visit of running) visit.leave();
  await Promise.all([begin('org_a'), begin('org_a')]);
});

test('A request that had no turn resumes none', async () => {
  const { begin } = admitting();
  const visit = await begin('org_a');
  visit.leave();
  await visit.resumeTurn();
  await Promise.all([begin('org_a'), begin('org_a')]);
});
