// Starts Postgres in a way this system may not be the first to choose, for the test that kills this process.
import path from 'node:path';
import { executable, postgresBinaries } from '../../src/embedded/binaries.ts';
import { spawnLogged } from '../../src/embedded/child.ts';
import { prepareCluster } from '../../src/embedded/cluster.ts';
import { freePort } from '../../src/embedded/free-port.ts';
import { chooseGuard, shellGuard } from '../../src/embedded/guard.ts';
import { asNobody, chooseRunAs } from '../../src/embedded/run-as.ts';

const [dataDir = '', user, guardedBy] = process.argv.slice(2);

const binaries = await postgresBinaries();
const parentDir = path.dirname(dataDir);
const runAs = user === 'nobody' ? await asNobody(binaries.native, parentDir) : await chooseRunAs(binaries, parentDir);
const guard = guardedBy === 'shell' ? shellGuard : await chooseGuard();
await prepareCluster({ dataDir, password: 'tests', durable: false }, runAs);
const command = [executable(runAs.native, 'postgres'), '-D', dataDir, '-p', String(await freePort()), '-k', ''];
spawnLogged([...runAs.prefix, ...guard.prefix, ...command], {
  name: 'Postgres',
  keepsStdin: guard.readsStdin,
  ...(runAs.user && { user: runAs.user }),
  log: (line) => {
    if (line.includes('ready to accept connections')) console.log('{}');
    else console.error(line);
  },
});
