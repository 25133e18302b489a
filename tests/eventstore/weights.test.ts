import { expect, test } from 'vitest';
import { runProgram } from '../support/processes.ts';

test('The estimated memory of a folded stream is between half and twice the growth of the heap', {
  timeout: 120_000,
}, async () => {
  const program = runProgram('run-weights.ts', []);
  const figures = (await program.firstAnswer) as Record<string, { estimate: number; grown: number }>;
  expect(Object.keys(figures).length).toBeGreaterThan(4);
  for (const [what, { estimate, grown }] of Object.entries(figures)) {
    expect(estimate / grown, `${what}: estimated ${estimate}, grown ${grown}`).toBeGreaterThan(0.5);
    expect(estimate / grown, `${what}: estimated ${estimate}, grown ${grown}`).toBeLessThan(2);
  }
});
