import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const unit = readFileSync('deploy/ledger.service', 'utf8');

test('The unit starts the launcher of the product, with a data directory that it owns', () => {
  expect(unit).toMatch(/^ExecStart=\S+\/node \/opt\/license-ledger\/bin\/ledger\.js start$/m);
  expect(unit).toMatch(/^StateDirectory=ledger$/m);
  expect(unit).toContain('LEDGER_DATA_DIR=/var/lib/ledger');
  expect(unit).toMatch(/^User=ledger$/m);
});

test('The unit forbids nothing that Node needs to run', () => {
  expect(unit).not.toMatch(/^MemoryDenyWriteExecute=/m);
});

test('systemd understands each line of the unit', () => {
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) {
    console.log('systemd-analyze is not installed, so the unit was not verified.');
    return;
  }
  // It reports wrong lines on standard error, and succeeds all the same for some of them. Node may be in another place.
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', 'deploy/ledger.service'], {
    encoding: 'utf8',
  });
  expect(
    stderr.split('\n').filter((line) => line.includes('ledger.service') && !line.includes('not executable')),
  ).toEqual([]);
});
