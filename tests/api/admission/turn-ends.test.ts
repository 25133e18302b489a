import { expect, test } from 'vitest';
import type { Ticket } from '../../../src/api/admission/fair-queue.ts';
import { createTurnEnds } from '../../../src/api/admission/turn-ends.ts';

test('Each turn that lasts too long ends, in the order in which the turns began', async () => {
  const ended: string[] = [];
  const ticket = (name: string): Ticket => ({
    take: () => null,
    endTurn: () => {
      ended.push(name);
    },
    leave: () => undefined,
  });
  const ends = createTurnEnds(150);
  const left = ticket('left');
  ends.add(ticket('first'));
  ends.add(left);
  ends.remove(left);
  const begunMs = performance.now();
  await expect.poll(() => performance.now() - begunMs).toBeGreaterThan(20);
  ends.add(ticket('second'));
  await expect.poll(() => ended).toEqual(['first', 'second']);
  // All turns have ended. Now another one begins.
  ends.add(ticket('third'));
  await expect.poll(() => ended).toEqual(['first', 'second', 'third']);
});
