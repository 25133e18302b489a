import { failuresWith, runDomainTests, withCopy } from './plant.ts';
import { faults } from './planted.ts';

// `npm run faults`: the named test must catch each planted fault, and without a fault all tests must pass.

const missed = await withCopy(async (directory) => {
  const sound = await runDomainTests(directory);
  console.log(`without a fault: ${sound.count} tests, ${sound.failed.length} fail`);
  const complaints = sound.failed.map((test) => `fails without a fault: ${test}`);
  for (const fault of faults) {
    const failures = await failuresWith(directory, fault);
    const caught = failures.includes(fault.caughtBy);
    console.log(`${caught ? 'caught' : 'MISSED'} (${failures.length} tests fail): ${fault.name}`);
    if (!caught)
      complaints.push(`"${fault.name}" is not caught by "${fault.caughtBy}", but by: ${failures.join('; ')}`);
  }
  return complaints;
});
for (const complaint of missed) console.error(complaint);
process.exitCode = missed.length === 0 ? 0 : 1;
